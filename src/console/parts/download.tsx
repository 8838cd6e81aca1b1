import { useState } from 'preact/hooks';
import { keptKey, save } from '../feed/client.ts';
import { asFeedError } from '../loading.ts';

/** A link that saves a file. `path`: below the page. */
export function Download(props: {
  readonly path: string;
  readonly name: string;
  readonly class?: string;
  readonly children: string;
}) {
  const { path, name, children } = props;
  const [said, setSaid] = useState<string | null>(null);
  const byKey = (event: Event): void => {
    if (keptKey() === null) {
      return;
    }
    event.preventDefault();
    setSaid('Fetching …');
    save(path, name).then(
      () => setSaid(null),
      (error: unknown) => setSaid(asFeedError(error).message),
    );
  };
  return (
    <a class={props.class ?? 'button'} href={path} download={name} onClick={byKey}>
      {said ?? children}
    </a>
  );
}
