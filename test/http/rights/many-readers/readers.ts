import { bindGrants, type SetRule } from '../../../../src/plan/bind/grants.ts';
import { everything, type Grants } from '../../../../src/plan/grants.ts';
import { catalogue } from '../../../sql/small-model.ts';
import type { AgentRow, CaseRow, MessageRow, World } from './rows.ts';

/** Who asks: the rules that the gateway goes by, and the same in plain JavaScript. */
export interface Reader {
  readonly name: string;
  readonly grants: Grants;
  /** Readers of one number have the same rights. */
  readonly rights: number;
  /** Whether keys alone decide, so that changes are followed. */
  readonly byKey: boolean;
  readonly Cases: (row: CaseRow, world: World) => boolean;
  readonly Messages: (row: MessageRow, world: World) => boolean;
  readonly Agents: (row: AgentRow) => boolean;
}

const rules = (...rows: readonly (string | null)[]): Grants =>
  bindGrants(
    new Map(
      ['Cases', 'Messages', 'Agents'].map((set, n): readonly [string, SetRule] => {
        const condition = rows[n] ?? null;
        return [set, condition === null ? {} : { rows: condition }];
      }),
    ),
    catalogue,
  );

const always = (): boolean => true;
const agentOf = (row: CaseRow, world: World): AgentRow | undefined => world.Agents[row.AgentId - 1];
const caseOf = (row: MessageRow, world: World): CaseRow | undefined => world.Cases.find(({ Id }) => Id === row.CaseId);

const odd = () => rules('Id mod 2 eq 1', 'CaseId mod 2 eq 1', null);

const isOdd = {
  Cases: ({ Id }: CaseRow) => Id % 2 === 1,
  Messages: ({ CaseId }: MessageRow) => CaseId % 2 === 1,
  Agents: always,
};

export const readers: readonly Reader[] = [
  { name: 'all', grants: everything, rights: 0, byKey: true, Cases: always, Messages: always, Agents: always },
  { name: 'odd', grants: odd(), rights: 1, byKey: true, ...isOdd },
  { name: 'again', grants: odd(), rights: 1, byKey: true, ...isOdd },
  {
    name: 'urgent',
    grants: rules('Priority gt 1', 'Length gt 3', "City eq 'Bonn'"),
    rights: 2,
    byKey: false,
    Cases: ({ Priority }) => Priority > 1,
    Messages: ({ Length }) => Length > 3,
    Agents: ({ City }) => City === 'Bonn',
  },
  {
    name: 'kiel',
    grants: rules("Agent/City eq 'Kiel'", 'Case/Priority gt 1', 'Id gt 2'),
    rights: 3,
    byKey: false,
    Cases: (row, world) => agentOf(row, world)?.City === 'Kiel',
    Messages: (row, world) => (caseOf(row, world)?.Priority ?? 0) > 1,
    Agents: ({ Id }) => Id > 2,
  },
  {
    name: 'few',
    grants: rules('Id le 20', 'CaseId le 20', 'Id le 2'),
    rights: 4,
    byKey: true,
    Cases: ({ Id }) => Id <= 20,
    Messages: ({ CaseId }) => CaseId <= 20,
    Agents: ({ Id }) => Id <= 2,
  },
  {
    name: 'none',
    grants: rules('Id lt 0', 'CaseId lt 0', 'Id lt 0'),
    rights: 5,
    byKey: true,
    Cases: () => false,
    Messages: () => false,
    Agents: () => false,
  },
];
