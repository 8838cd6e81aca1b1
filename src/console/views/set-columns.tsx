import type { FeedSet } from '../feed/model.ts';
import { hashOf } from '../route.ts';

export function ColumnList({ set }: { readonly set: FeedSet }) {
  return (
    <div class="scrolls">
      <table class="table">
        <thead>
          <tr>
            <th>Column</th>
            <th>Type</th>
            <th>What it says</th>
          </tr>
        </thead>
        <tbody>
          {set.columns.map(({ name, type, collection, nullable, description, personal, isKey }) => (
            <tr key={name}>
              <td>
                <code>{name}</code>
              </td>
              <td class="tight">
                {type.replace(/^Edm\./, '')}
                {collection && ' list'} {isKey && <span class="tag">key</span>}
                {!nullable && !isKey && <span class="tag">always there</span>}
                {personal !== null && <span class="tag warns">personal: {personal}</span>}
              </td>
              <td class="prose">{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function RelationList({ set }: { readonly set: FeedSet }) {
  if (set.relations.length === 0) {
    return <p class="quiet">This set leads to no other one.</p>;
  }
  return (
    <div class="scrolls">
      <table class="table">
        <thead>
          <tr>
            <th>Relation</th>
            <th>Leads to</th>
            <th>By</th>
            <th>What it says</th>
          </tr>
        </thead>
        <tbody>
          {set.relations.map(({ name, target, collection, on, description }) => (
            <tr key={name}>
              <td>
                <code>{name}</code>
              </td>
              <td class="tight">
                {collection ? 'many ' : 'one '}
                <a href={hashOf(['sets', target])}>{target}</a>
              </td>
              <td class="tight">{on.map(([own, other]) => (own === other ? own : `${own} = ${other}`)).join(', ')}</td>
              <td class="prose">{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
