import { fromConsole } from '../feed/client.ts';
import { useLoaded } from '../loading.ts';
import { Shown } from '../parts/states.tsx';
import { hashOf } from '../route.ts';
import { counted } from '../text/numbers.ts';

/** As `console/data/model` tells it. */
interface Section {
  readonly set: string;
  readonly description: string;
  readonly from: readonly string[];
  readonly columns: readonly { readonly name: string; readonly said: readonly string[] }[];
  readonly gathered: readonly { readonly set: string; readonly text: string }[];
}

/** Every column of every set over all sources, and what each source makes it of. */
export function ModelView() {
  const [model, again] = useLoaded('model', (signal) =>
    fromConsole<{ readonly sections: readonly Section[] }>('model', { signal }),
  );
  return (
    <>
      <h1>The model</h1>
      <p class="lead">
        What each column of the sets over all sources is made of, source by source, or why it is empty.
      </p>
      <Shown loaded={model} again={again}>
        {({ sections }) =>
          sections.length === 0 ? (
            <p class="quiet">There is no set over all sources, or none for you.</p>
          ) : (
            sections.map((section) => <SectionOf key={section.set} section={section} />)
          )
        }
      </Shown>
    </>
  );
}

function SectionOf({ section }: { readonly section: Section }) {
  const { set, description, from, columns, gathered } = section;
  return (
    <details class="group">
      <summary>
        <b>{set}</b> <span class="quiet">{from.length === 0 ? 'a calendar' : `of ${counted(from.length, 'set')}`}</span>
      </summary>
      <p>
        {description} <a href={hashOf(['sets', set])}>Its rows</a>
      </p>
      <div class="scrolls tall">
        <table class="table made">
          <thead>
            <tr>
              <th>Column</th>
              {from.map((name) => (
                <th key={name}>
                  <a href={hashOf(['sets', name])}>{name}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {columns.map(({ name, said }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                {said.map((text, index) => (
                  <td key={from[index]}>
                    <Coded text={text} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {gathered.length > 0 && (
        <ul>
          {gathered.map(({ set: of, text }) => (
            <li key={`${of} ${text}`}>
              {of}: <Coded text={text} />
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

/** Text with code between backquotes. */
function Coded({ text }: { readonly text: string }) {
  return <>{text.split('`').map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))}</>;
}
