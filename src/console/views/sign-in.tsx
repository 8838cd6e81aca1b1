import { useState } from 'preact/hooks';
import { keepKey, keptKey } from '../feed/client.ts';

/** Nobody is signed in. Where names and passwords are in use the browser asked for them itself, and was not given good ones. */
export function SignInView({ onKey }: { readonly onKey: () => void }) {
  const [key, setKey] = useState('');
  const was = keptKey() !== null;
  const use = (event: Event): void => {
    event.preventDefault();
    keepKey(key.trim());
    onKey();
  };
  return (
    <section class="state">
      <h1>Not signed in</h1>
      <p>
        {was
          ? 'The key is not known, or not valid any more.'
          : 'This feed is for people who sign in. Give a key; or where names and passwords are in use, load the page again to be asked for yours.'}
      </p>
      <form onSubmit={use} class="row">
        <label class="field grows">
          <span>Key</span>
          <input
            type="password"
            autocomplete="off"
            required
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="strong">
          Use key
        </button>
        <button type="button" onClick={() => location.reload()}>
          Load again
        </button>
      </form>
      <p class="quiet">A key stays in this tab, and goes with it. You have none? Ask whoever runs the gateway.</p>
    </section>
  );
}
