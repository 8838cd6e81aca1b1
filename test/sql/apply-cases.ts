import type { Value } from './read-rows.ts';

/** [what follows `$apply=`, the rows served]. Worked out by hand. */
export const cases: readonly (readonly [apply: string, rows: readonly Value[]])[] = [
  ['aggregate(Cost with sum as T,$count as N)', [{ T: 10.5, N: 4 }]],
  ['filter(Cost gt 100)/aggregate(Cost with sum as T,$count as N)', [{ T: null, N: 0 }]],
  ['aggregate(Cost with average as A,Cost with min as L,Cost with max as H)', [{ A: 3.5, L: 1, H: 7 }]],
  ['aggregate(Title with max as T,Open with countdistinct as D)', [{ T: 'hello c', D: 2 }]],
  ['groupby((Open))', [{ Open: null }, { Open: false }, { Open: true }]],
  [
    'groupby((Open),aggregate(Cost with sum as T))',
    [
      { Open: null, T: 1 },
      { Open: false, T: 7 },
      { Open: true, T: 2.5 },
    ],
  ],
  [
    'groupby((Agent/Name,Priority),aggregate($count as N))',
    [
      { Agent: null, Priority: null, N: 1 },
      { Agent: null, Priority: 2, N: 1 },
      { Agent: { Name: 'Ann' }, Priority: 1, N: 1 },
      { Agent: { Name: 'Bob' }, Priority: 2, N: 1 },
    ],
  ],
  [
    'groupby((Priority),aggregate(Cost with sum as T))/filter(T gt 1)/compute(T mul 2 as D)',
    [
      { Priority: 1, T: 2.5, D: 5 },
      { Priority: 2, T: 7, D: 14 },
    ],
  ],
  ['groupby((Priority),aggregate($count as N))/aggregate(N with max as M)', [{ M: 2 }]],
  [
    'groupby((rollup($all,Agent/City)),aggregate($count as N))',
    [{ N: 4 }, { Agent: null, N: 2 }, { Agent: { City: 'Bonn' }, N: 2 }],
  ],
  // A property that is never null is left out where a rollup leaves it out: readers refuse null there.
  ['filter(Id lt 30)/groupby((rollup($all,Id)))', [{}, { Id: 10 }, { Id: 20 }]],
  ['aggregate(Cost with sum from Priority with max as M)', [{ M: 7 }]],
  ['aggregate(Cost with sum from Priority with average as M,Cost with sum as S)', [{ M: 3.5, S: 10.5 }]],
  [
    'groupby((Open),aggregate(Cost with sum from Priority with average as M,$count as N))',
    [
      { Open: null, M: 1, N: 1 },
      { Open: false, M: 7, N: 1 },
      { Open: true, M: 2.5, N: 2 },
    ],
  ],
  ['topcount(2,Cost)&$select=Id', [{ Id: 10 }, { Id: 20 }]],
  ['bottomcount(1,Cost)&$select=Id', [{ Id: 30 }]],
  ['groupby((Priority),topcount(1,Cost))&$select=Id', [{ Id: 10 }, { Id: 20 }, { Id: 30 }]],
  [
    'groupby((Agent/City),toppercent(60,Cost))&$select=Id,Agent',
    [
      { Agent: { City: 'Bonn' }, Id: 20 },
      { Agent: null, Id: 30 },
    ],
  ],
  ['groupby((Priority),filter(Cost gt 2))/filter(Cost lt 7)&$select=Id,Title', [{ Id: 10, Title: 'first' }]],
  [
    'groupby((Agent/City),topcount(1,Cost)/aggregate(Cost with sum as T))',
    [
      { Agent: null, T: 1 },
      { Agent: { City: 'Bonn' }, T: 7 },
    ],
  ],
  ['topsum(8,Cost)&$select=Id', [{ Id: 10 }, { Id: 20 }]],
  ['topsum(7,Cost)&$select=Id', [{ Id: 20 }]],
  ['bottomsum(2,Cost)&$select=Id', [{ Id: 10 }, { Id: 30 }]],
  ['toppercent(50,Cost)&$select=Id', [{ Id: 20 }]],
  ['toppercent(70,Cost)&$select=Id', [{ Id: 10 }, { Id: 20 }]],
  ['bottompercent(33,Cost)&$select=Id', [{ Id: 10 }, { Id: 30 }]],
  [
    'concat(aggregate($count as N),groupby((Open)))',
    [
      { N: null, Open: null },
      { N: null, Open: false },
      { N: null, Open: true },
      { N: 4, Open: null },
    ],
  ],
  // The order goes on into the branches.
  ['orderby(Cost desc)/concat(top(1),skip(2)/top(1))&$select=Id', [{ Id: 20 }, { Id: 30 }]],
  ['orderby(Cost desc)/skip(1)/top(2)&$select=Id', [{ Id: 10 }, { Id: 30 }]],
  ['search(hello)&$select=Id', [{ Id: 30 }, { Id: 40 }]],
  [
    'compute(Priority add 1 as P)/filter(P gt 2)&$select=Id,P',
    [
      { Id: 20, P: 3 },
      { Id: 40, P: 3 },
    ],
  ],
  ['filter(Id eq 10)&$expand=Agent($select=Name)&$select=Id', [{ Id: 10, Agent: { Name: 'Ann' } }]],
  ['groupby((Open),aggregate($count as N))&$filter=N gt 1', [{ Open: true, N: 2 }]],
];

/** [the request, the rows served]. */
export type Served = readonly (readonly [url: string, rows: readonly Value[]])[];

/** [set and options, the rows served]: each entity that a path reaches counts once in a group (3.2.1.1). */
export const reached: Served = [
  ['Cases?$apply=aggregate(Messages/$count as N,Messages/Length with sum as T,$count as C)', [{ N: 5, T: 18, C: 4 }]],
  [
    'Cases?$apply=groupby((Priority),aggregate(Messages/$count as N,Messages/Length with sum as T,Cost with sum as S))',
    [
      { Priority: null, N: 0, T: null, S: 1 },
      { Priority: 1, N: 2, T: 12, S: 2.5 },
      { Priority: 2, N: 3, T: 6, S: 7 },
    ],
  ],
  // Five messages lead to two agents; case 30 to a hidden one.
  [
    'Cases?$apply=aggregate(Messages/Agent/$count as A,Messages/Agent/Id with sum as S,Messages/Agent with countdistinct as D)',
    [{ A: 2, S: 3, D: 2 }],
  ],
  [
    'Messages?$apply=aggregate(Case/Cost with sum as Once,Case/Cost add 0 with sum as Each,Case/$count as N,Case with countdistinct as D)',
    [{ Once: 9.5, Each: 12, N: 3, D: 3 }],
  ],
  [
    'Messages?$apply=groupby((Length),aggregate(Case/Cost with sum as T,Case/Cost with average as A,$count as N))',
    [
      { Length: null, T: null, A: null, N: 1 },
      { Length: 1, T: null, A: null, N: 1 },
      { Length: 5, T: 9.5, A: 4.75, N: 2 },
      { Length: 7, T: 2.5, A: 2.5, N: 1 },
    ],
  ],
  [
    'Agents?$apply=groupby((City),aggregate(Cases/Messages/Length with max as M,Team/Cases/$count as N,Cases/Title with min as L))',
    [
      { City: null, M: null, N: 0, L: null },
      { City: 'Bonn', M: 7, N: 1, L: 'first' },
    ],
  ],
  [
    'Cases?$apply=groupby((Priority),filter(Cost gt 2)/aggregate(Messages/$count as N,$count as C))',
    [
      { Priority: null, N: 0, C: 0 },
      { Priority: 1, N: 2, C: 1 },
      { Priority: 2, N: 1, C: 1 },
    ],
  ],
  [
    'Cases?$apply=groupby((rollup($all,Priority)),aggregate(Messages/Agent/$count as A,$count as C))',
    [
      { Priority: null, A: 0, C: 1 },
      { Priority: null, A: 2, C: 4 },
      { Priority: 1, A: 1, C: 1 },
      { Priority: 2, A: 2, C: 2 },
    ],
  ],
  [
    'Cases?$apply=aggregate(Messages/Length with sum from Priority with max as M,Title with min from Priority with countdistinct as D)',
    [{ M: 12, D: 3 }],
  ],
  ['Cases?$apply=filter(false)/aggregate(Messages/$count as N,Messages/Length with sum as T)', [{ N: 0, T: null }]],
  [
    'Cases?$apply=groupby((Priority),filter(Cost gt 100)/aggregate(Cost with max from Open with countdistinct as D))',
    [
      { Priority: null, D: 0 },
      { Priority: 1, D: 0 },
      { Priority: 2, D: 0 },
    ],
  ],
  [
    'Agents?$select=Id&$expand=Cases($apply=aggregate(Messages/$count as N))',
    [
      { Id: 1, Cases: [{ N: 2 }] },
      { Id: 2, Cases: [{ N: 1 }] },
      { Id: 4, Cases: [{ N: 0 }] },
    ],
  ],
  ['Cases?$apply=concat(aggregate(Messages/$count as N),top(1)/aggregate(Messages/$count as N))', [{ N: 2 }, { N: 5 }]],
];

/** Joins, and groups of entities. */
export const beside: Served = [
  [
    'Cases?$apply=join(Messages as M)/groupby((Priority),aggregate(M/Length with sum as L,$count as N,M/$count as C))',
    [
      { Priority: 1, L: 12, N: 2, C: 2 },
      { Priority: 2, L: 6, N: 3, C: 3 },
    ],
  ],
  [
    'Cases?$apply=outerjoin(Messages as M)&$select=Id,Title&$expand=M($select=Number,Body)&$filter=M/Length ne 5',
    [
      { Id: 10, Title: 'first', M: { Number: 2, Body: 'b' } },
      { Id: 30, Title: 'hello c', M: null },
      { Id: 40, Title: "O'Neil hello", M: { Number: 1, Body: null } },
      { Id: 40, Title: "O'Neil hello", M: { Number: 2, Body: 'b' } },
    ],
  ],
  [
    'Cases?$apply=join(Messages as M)/filter(M/Agent/Name eq %27Ann%27)/top(2)&$select=Id&$orderby=M/Number desc',
    [{ Id: 10 }, { Id: 10 }],
  ],
  [
    'Cases?$apply=join(Messages as M,filter(Length gt 4)/topcount(1,Length)/compute(Length mul 2 as Twice))&$select=Id&$compute=M/Twice add 0 as X&$expand=M($select=Number)',
    [
      { Id: 10, M: { Number: 2 } },
      { Id: 20, M: { Number: 1 } },
    ],
  ],
  [
    'Cases?$apply=join(Messages as T,aggregate(Length with sum as Total,$count as N))/filter(T/N gt 0)/compute(T/Total add 1 as Plus)&$select=Id,Plus&$expand=T',
    [
      { Id: 10, Plus: 13, T: { Total: 12, N: 2 } },
      { Id: 20, Plus: 6, T: { Total: 5, N: 1 } },
      { Id: 40, Plus: 2, T: { Total: 1, N: 2 } },
    ],
  ],
  [
    'Cases?$apply=outerjoin(Messages as T,groupby((AgentId),aggregate($count as N)))/groupby((T/AgentId),aggregate($count as Rows,T/N with sum as N))',
    [
      { T: { AgentId: null }, Rows: 2, N: 1 },
      { T: { AgentId: 1 }, Rows: 2, N: 3 },
      { T: { AgentId: 2 }, Rows: 1, N: 1 },
    ],
  ],
  // Two agents lead Bob and Eve: each entity counts once in its group, each row for itself.
  ['Messages?$apply=aggregate(Case/$count as Cases,$count as Rows)', [{ Cases: 3, Rows: 5 }]],
  [
    'Cases?$apply=join(Messages as M)/join(Messages as O)/aggregate($count as N,M/$count as M1,O/Length with sum as L)',
    [{ N: 9, M1: 5, L: 18 }],
  ],
  [
    'Cases?$apply=join(Messages as M)/concat(aggregate($count as N),groupby((M/Body)))',
    [
      { N: null, M: { Body: null } },
      { N: null, M: { Body: 'a' } },
      { N: null, M: { Body: 'b' } },
      { N: null, M: { Body: 'c' } },
      { N: 5, M: { Body: null } },
    ],
  ],
  [
    'Cases?$apply=groupby((Agent),aggregate($count as N))',
    [
      { N: 1, Agent: { Id: 1, Name: 'Ann', LeaderId: null, City: 'Bonn' } },
      { N: 1, Agent: { Id: 2, Name: 'Bob', LeaderId: 1, City: 'Bonn' } },
      { N: 2, Agent: null },
    ],
  ],
  [
    'Cases?$apply=groupby((Agent,Agent/City),aggregate(Cost with sum as T))/filter(Agent/City ne null)&$orderby=Agent/Name desc&$select=T&$expand=Agent($select=Name;$expand=Leader($select=Name))',
    [
      { T: 7, Agent: { Name: 'Bob', Leader: { Name: 'Ann' } } },
      { T: 2.5, Agent: { Name: 'Ann', Leader: null } },
    ],
  ],
  [
    'Messages?$apply=groupby((Case/Agent,Length))/filter(Length gt 4)/groupby((Case/Agent),aggregate($count as N))',
    [
      { N: 1, Case: { Agent: { Id: 2, Name: 'Bob', LeaderId: 1, City: 'Bonn' } } },
      { N: 2, Case: { Agent: { Id: 1, Name: 'Ann', LeaderId: null, City: 'Bonn' } } },
    ],
  ],
  [
    'Cases?$apply=filter(Cost gt 2)/groupby((rollup($all,Agent)),aggregate($count as N))&$expand=Agent($select=Name)',
    [
      { N: 1, Agent: { Name: 'Ann' } },
      { N: 1, Agent: { Name: 'Bob' } },
      { N: 2, Agent: null },
    ],
  ],
  [
    'Cases?$apply=join(Messages as M)/groupby((M/Agent),aggregate(M/Length with sum as L))&$expand=M/Agent($select=Name)',
    [
      { L: 1, M: { Agent: null } },
      { L: 5, M: { Agent: { Name: 'Bob' } } },
      { L: 12, M: { Agent: { Name: 'Ann' } } },
    ],
  ],
  ['Cases?$apply=topcount(1,Cost)&$select=Id&$expand=Agent($select=Name)', [{ Id: 20, Agent: { Name: 'Bob' } }]],
  [
    'Agents?$select=Id&$filter=Id eq 1&$expand=Cases($apply=join(Messages as M)/filter(M/Length gt 5);$select=Id;$expand=M($select=Number))',
    [{ Id: 1, Cases: [{ Id: 10, M: { Number: 2 } }] }],
  ],
];

/** [set and options, the rows served]: `$apply` inside of `$expand`, over the rows of each parent apart. */
export const nested: Served = [
  [
    'Agents?$select=Id&$expand=Cases($apply=groupby((Open),aggregate($count as N,Cost with sum as T)))',
    [
      { Id: 1, Cases: [{ Open: true, N: 1, T: 2.5 }] },
      { Id: 2, Cases: [{ Open: false, N: 1, T: 7 }] },
      { Id: 4, Cases: [] },
    ],
  ],
  [
    'Agents?$select=Id&$expand=Cases($apply=aggregate($count as N))',
    [
      { Id: 1, Cases: [{ N: 1 }] },
      { Id: 2, Cases: [{ N: 1 }] },
      { Id: 4, Cases: [{ N: 0 }] },
    ],
  ],
  [
    'Agents?$select=Id&$filter=Id eq 1&$expand=Team($apply=groupby((City),aggregate($count as N));$orderby=N desc,City;$count=true)',
    [
      {
        Id: 1,
        'Team@odata.count': 2,
        Team: [
          { City: null, N: 1 },
          { City: 'Bonn', N: 1 },
        ],
      },
    ],
  ],
  [
    'Agents?$select=Id&$filter=Id eq 1&$expand=Team($apply=groupby((Leader/Name,City))/filter(City ne null);$select=Leader)',
    [{ Id: 1, Team: [{ Leader: { Name: 'Ann' } }] }],
  ],
  [
    'Agents?$select=Id&$filter=Id eq 1&$expand=Team($apply=concat(aggregate($count as N),groupby((City)));$filter=N eq null)',
    [
      {
        Id: 1,
        Team: [
          { N: null, City: null },
          { N: null, City: 'Bonn' },
        ],
      },
    ],
  ],
  [
    'Agents?$select=Id&$filter=Id eq 1&$expand=Team($apply=orderby(Name desc)/top(1);$select=Name;$expand=Cases($apply=aggregate(Cost with max as M)))',
    [{ Id: 1, Team: [{ Name: 'Eve', Cases: [{ M: null }] }] }],
  ],
  [
    'Agents?$select=Id&$filter=Id eq 1&$expand=Team($apply=filter(LeaderId eq $it/Id)/aggregate($count as N);$compute=N add $it/Id as M;$top=1)',
    [{ Id: 1, Team: [{ N: 2, M: 3 }] }],
  ],
];
