import { useState } from 'preact/hooks';

/** A button that copies a text. Outside of https and this machine browsers have no clipboard: then the text is selected, to be copied by hand. */
export function CopyButton({
  text,
  label = 'Copy',
  of,
}: {
  readonly text: string;
  readonly label?: string;
  readonly of?: string;
}) {
  const [said, setSaid] = useState<string | null>(null);
  const say = (what: string): void => {
    setSaid(what);
    setTimeout(() => setSaid(null), 2000);
  };
  const copy = async (event: Event): Promise<void> => {
    const shown = of === undefined ? null : document.getElementById(of);
    try {
      await navigator.clipboard.writeText(text);
      say('Copied');
    } catch {
      if (shown !== null) {
        getSelection()?.selectAllChildren(shown);
      }
      say(shown === null ? 'Cannot copy' : 'Selected');
    }
    (event.currentTarget as HTMLElement | null)?.focus();
  };
  return (
    <button type="button" class="copy" onClick={copy} aria-live="polite">
      {said ?? label}
    </button>
  );
}

/** Text to be copied, such as an address or code. */
export function Copied({ text, title, id }: { readonly text: string; readonly title: string; readonly id: string }) {
  return (
    <div class="copied">
      <div class="copied-head">
        <span>{title}</span>
        <CopyButton text={text} of={id} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre id={id} tabIndex={0}>
        {text}
      </pre>
    </div>
  );
}
