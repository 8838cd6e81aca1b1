import { DefaultSettings, type Task, TaskUtils } from '@microsoft/powerquery-parser';

/** What Microsoft's parser of M says against a text, an expression or a section; null: nothing. */
export async function mFault(text: string): Promise<string | null> {
  const task: Task.TriedLexParseTask = await TaskUtils.tryLexParse(DefaultSettings, text);
  return TaskUtils.isError(task) ? task.error.message : null;
}
