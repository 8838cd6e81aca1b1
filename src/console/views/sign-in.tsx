import { useState } from 'preact/hooks';
import { forgetKey, keepKey, keptKey } from '../feed/client.ts';
import { signInWays } from '../feed/sign-in.ts';
import { signInAddress } from '../feed/sign-in-address.ts';

/** Nobody is signed in: every way that there is, the usual one first. */
export function SignInView({ onKey }: { readonly onKey: () => void }) {
  const ways = signInWays();
  const was = keptKey() !== null;
  return (
    <section class="state">
      <h1>Not signed in</h1>
      <p>{was ? 'The key is not known, or not valid any more.' : 'This feed is for people who sign in.'}</p>
      {ways.size === 0 && (
        <p>
          Browsers cannot sign in here: programs do, with a token. Ask whoever runs the gateway for a sign-in with a
          browser.
        </p>
      )}
      {(ways.has('provider') || ways.has('password')) && (
        <p class="row">
          {ways.has('provider') && <Way text="Sign in" withPassword={false} strong />}
          {ways.has('password') && (
            <Way text="Sign in with name and password" withPassword strong={!ways.has('provider')} />
          )}
        </p>
      )}
      {ways.has('key') && <KeyForm onKey={onKey} />}
    </section>
  );
}

function Way(props: { readonly text: string; readonly withPassword: boolean; readonly strong: boolean }) {
  const { text, withPassword, strong } = props;
  // A key that is kept would be sent beside what the browser then has, and refused.
  return (
    <a
      class={strong ? 'button strong' : 'button'}
      href={signInAddress(document.baseURI, location.hash, withPassword)}
      onClick={forgetKey}
    >
      {text}
    </a>
  );
}

function KeyForm({ onKey }: { readonly onKey: () => void }) {
  const [key, setKey] = useState('');
  const use = (event: Event): void => {
    event.preventDefault();
    keepKey(key.trim());
    onKey();
  };
  return (
    <>
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
      </form>
      <p class="quiet">A key stays in this tab, and goes with it. You have none? Ask whoever runs the gateway.</p>
    </>
  );
}
