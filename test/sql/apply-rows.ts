/** A few cases, agents and messages whose sums can be worked out by hand. Agent 3 is hidden. */
export const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "City", "_deleted_at") VALUES
    (1, 'Ann', NULL, 'Bonn', NULL), (2, 'Bob', 1, 'Bonn', NULL), (3, 'Gone', 1, 'Kiel', now()), (4, 'Eve', 1, NULL, NULL);
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId", "Cost", "Open") VALUES
    (10, 'first', 1, 1, 2.5, true), (20, NULL, 2, 2, 7, false), (30, 'hello c', NULL, 3, 1, null),
    (40, 'O''Neil hello', 2, NULL, NULL, true);`;

export const messages = `
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length", "AgentId") VALUES
    (10, 1, 'a', 5, 1), (10, 2, 'b', 7, 1), (20, 1, 'c', 5, 2), (40, 1, NULL, NULL, 1), (40, 2, 'b', 1, NULL);`;
