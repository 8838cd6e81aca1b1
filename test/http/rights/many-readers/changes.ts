import fc from 'fast-check';
import { dayOf, insert, textOf, type World } from './rows.ts';

/** A change of the rows here, and the statement that does the same in PostgreSQL. */
interface Change {
  readonly set: keyof World;
  readonly statement: string;
}

/** What a load that raises the data version of the set afterwards writes to a row. */
const next = (set: string): string => `(SELECT version + 1 FROM gateway.set_versions WHERE entity_set = '${set}')`;

export const anyChange = fc.record({
  kind: fc.constantFrom('case', 'case', 'message', 'agent', 'added', 'deleted'),
  row: fc.nat(1000),
  value: fc.nat(1000),
});

export function change(
  world: World,
  { kind, row, value }: typeof anyChange extends fc.Arbitrary<infer T> ? T : never,
): Change {
  const { Cases, Messages, Agents } = world;
  const [one, message, agent] = [
    Cases[row % Cases.length],
    Messages[row % Messages.length],
    Agents[row % Agents.length],
  ];
  if (one === undefined || message === undefined || agent === undefined) {
    throw new Error('the sets are never empty');
  }
  switch (kind) {
    case 'case': {
      Object.assign(one, {
        Title: textOf(value),
        Priority: value % 4,
        AgentId: (value % 6) + 1,
        CreatedAt: dayOf(value % 320),
      });
      const set = `"Title" = '${one.Title.replaceAll("'", "''")}', "Priority" = ${one.Priority}, "AgentId" = ${one.AgentId}, "CreatedAt" = '${one.CreatedAt}'`;
      return {
        set: 'Cases',
        statement: `UPDATE feed."Cases" SET ${set}, _version = ${next('Cases')} WHERE "Id" = ${one.Id}`,
      };
    }
    case 'message': {
      Object.assign(message, { Body: textOf(value), Length: value % 9 });
      const set = `"Body" = '${message.Body.replaceAll("'", "''")}', "Length" = ${message.Length}`;
      const where = `"CaseId" = ${message.CaseId} AND "Number" = ${message.Number}`;
      return {
        set: 'Messages',
        statement: `UPDATE feed."Messages" SET ${set}, _version = ${next('Messages')} WHERE ${where}`,
      };
    }
    case 'agent': {
      agent.City = value % 2 === 0 ? 'Bonn' : 'Kiel';
      const set = `"City" = '${agent.City}', _version = ${next('Agents')}`;
      return { set: 'Agents', statement: `UPDATE feed."Agents" SET ${set} WHERE "Id" = ${agent.Id}` };
    }
    case 'added': {
      const Id = 1 + Math.max(...Cases.map((each) => each.Id));
      const added = {
        Id,
        Title: textOf(value),
        Priority: value % 4,
        CreatedAt: dayOf(value % 320),
        AgentId: (value % 6) + 1,
      };
      Cases.push(added);
      return { set: 'Cases', statement: insert('Cases', [added], next('Cases')) };
    }
    case 'deleted': {
      // The newest ids stay, since none is given twice.
      const index = row % (Cases.length - 1);
      const [gone] = Cases.splice(index, 1);
      const statement = `DELETE FROM feed."Cases" WHERE "Id" = ${gone?.Id}; INSERT INTO gateway.tombstones (entity_set, key, version) VALUES ('Cases', '{"Id": ${gone?.Id}}', ${next('Cases')})`;
      return { set: 'Cases', statement };
    }
  }
}
