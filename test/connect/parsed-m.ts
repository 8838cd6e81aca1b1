import { DefaultSettings, type Task, TaskUtils } from '@microsoft/powerquery-parser';

/** Power Query M language, character-escape-sequence. `#(` stands nowhere but in texts. */
const escapes = /#\(([^)]*)\)/g;
const known = /^(?:[0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}|cr|lf|tab|#)$/;

/** What Microsoft's parser of M says against a text, an expression or a section; null: nothing. Escapes, which it does not look at, are looked at here. */
export async function mFault(text: string): Promise<string | null> {
  const task: Task.TriedLexParseTask = await TaskUtils.tryLexParse(DefaultSettings, text);
  if (TaskUtils.isError(task)) {
    return task.error.message;
  }
  const wrong = [...text.matchAll(escapes)].find(([, names = '']) => !names.split(',').every((one) => known.test(one)));
  return wrong === undefined ? null : `There is no escape ${wrong[0]}`;
}
