/** Rows whose texts some databases take for one. */
export const titles = ['Sales', 'SALES', 'sales ', 'Sáles', 'a.b', 'axb', '', 'Zürich', 'zebra', '10%', 'Apple'];
export const rows = `
INSERT INTO "feed"."Agents" ("Id", "Name", "City") VALUES
  (1, 'Ann', 'Bern'), (2, 'ANN', 'bern'), (3, 'ann ', NULL), (4, 'Änn', 'BERN');
INSERT INTO "feed"."Cases" ("Id", "Title", "Cost", "Open", "AgentId") VALUES
  ${titles.map((title, at) => `(${at + 1}, '${title}', ${at}, ${String(at % 2 === 0)}, ${(at % 4) + 1})`).join(', ')},
  (90, NULL, 5, true, NULL);
INSERT INTO "feed"."Messages" ("CaseId", "Number", "Body", "Length", "AgentId") VALUES
  (1, 1, 'Hello', 5, 1), (1, 2, 'HELLO', 5, 2), (2, 1, 'hello ', 6, 3), (3, 1, 'Héllo', 5, 4), (4, 1, NULL, 0, 1);
`;

/** What depends on how texts are compared. */
export const requests = [
  "Cases?$filter=Title eq 'sales'&$select=Id",
  "Cases?$filter=Title eq 'Sales'&$select=Id",
  "Cases?$filter=Title ne 'sales'&$select=Id",
  "Cases?$filter=Title in ('SALES','ZEBRA')&$select=Id,Cost",
  "Cases?$filter=not (Title in ('SALES','zebra'))&$select=Id",
  "Cases?$filter=contains(Title,'ALE')&$select=Id,Title",
  "Cases?$filter=contains(Title,'a.b')&$select=Id",
  "Cases?$filter=startswith(Title,'S') and Cost gt 0&$select=Id",
  "Cases?$filter=endswith(Title,'B')&$select=Id",
  "Cases?$filter=Title gt 'Z'&$orderby=Id desc&$select=Id",
  "Cases?$filter=Title le 'a' or Title eq null&$select=Id",
  "Cases?$filter=Title eq 'sales' or Cost gt 8&$select=Id",
  "Cases?$filter=tolower(Title) eq 'sales'&$select=Id",
  'Cases?$filter=length(Title) gt 0&$select=Id',
  "Cases?$filter=Title ne 'Sales'&$top=3&$orderby=Id&$select=Id",
  "Cases?$filter=Title ne 'Sales'&$skip=3&$top=3&$orderby=Id&$select=Id",
  "Cases?$filter=Title eq 'SALES'&$count=true&$select=Id",
  "Cases?$filter=Title eq 'SALES'&$count=true&$top=0",
  "Cases/$count?$filter=Title eq 'SALES'",
  "Cases/$count?$filter=Title ne 'SALES'",
  "Cases/$filter(Title eq 'SALES')?$select=Id",
  "Cases?$filter=Agent/Name eq 'Ann'&$select=Id",
  "Cases?$filter=Agent/Name ne 'Ann'&$select=Id",
  "Agents?$filter=Cases/any(c:c/Title eq 'sales ')&$select=Id",
  "Agents?$filter=Cases/all(c:c/Title ne 'SALES')&$select=Id",
  "Agents?$filter=not Cases/any(c:contains(c/Title,'SALES'))&$select=Id",
  "Agents?$expand=Cases($select=Id;$filter=Title eq 'SALES')&$select=Id",
  "Cases?$expand=Messages($select=Number;$filter=Body ne 'hello';$count=true)&$select=Id&$filter=Id lt 5",
  "Cases(1)/Messages?$filter=Body eq 'hello'&$select=Number",
  "Cases(1)/Messages/$count?$filter=Body eq 'HELLO'",
  "Cases?$apply=filter(Title eq 'SALES')/aggregate($count as n)",
  "Cases?$apply=filter(contains(Title,'S'))/groupby((Title),aggregate(Cost with sum as total))&$orderby=Title",
  'Cases?$apply=aggregate(Title with countdistinct as n)',
  'Agents?$apply=groupby((City),aggregate($count as n))&$orderby=City',
];
