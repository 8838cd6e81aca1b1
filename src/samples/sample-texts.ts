/**
 * Invented texts, by what the metadata says of a column. They hold what breaks naive readers: line breaks, quotes,
 * delimiters, emoji, accents, text that looks like a number, a wildcard or markup.
 */
export const messages: readonly string[] = [
  'Hello, where is my parcel? The tracking page says "delivered" but nothing is here.',
  'Bonjour, ma commande n’est toujours pas arrivée ; pouvez-vous vérifier ?',
  'Thanks a lot 🙏🏽 that solved it!',
  'Line one\nLine two, with a comma\nLine three',
  'Dank je wel — groetjes uit Köln & Zürich',
  '100% agree; it costs 5_000 € (or £4,300)',
  'Tab\there, backslash \\ there, and a quote " in between',
  '👩‍👩‍👧‍👦 family plan: can we add a fourth SIM?',
  '-1',
  '<b>Not bold</b> & not & escaped',
  'Ça va être dû à la mise à jour… 😅',
  'NULLABLE is a word, NULL is not what I wrote',
];

export const firstNames: readonly string[] = [
  'Anna',
  'Björn',
  'Chloé',
  'Daan',
  'Élodie',
  'Fatima',
  'Giorgos',
  'Hanna',
  'İpek',
  'Jürgen',
  'Kees',
  'Łucja',
  'Maïté',
  'Noor',
  'Oğuz',
  'Priya',
  'Quentin',
  'Rósa',
  'Søren',
  'Tomáš',
];

export const lastNames: readonly string[] = [
  'de Vries',
  'O’Connor',
  'Müller',
  'García',
  'Ångström',
  'Nguyễn',
  'Smith',
  'Dubois',
  'Çelik',
  'van der Berg',
  'Novák',
];
