#!/usr/bin/env bash
# odata-v4-server as npm installs it today hands a controller each query option twice: its range `deepmerge@^2` gets a release
# that joins arrays where the one it was written with replaced their items. A controller that chains or sums options works
# with both; those that take the last of a kind notice nothing.
# Expected: each system query option once (OData 4.0 Protocol, 11.2.1: options must not be specified more than once).
# Source: the parsed query of a controller, printed below.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts odata-v4-server@0.2.13 deepmerge@2.2.1
cat >try.cjs <<'JS'
const { ODataController, ODataServer, Edm, odata } = require('odata-v4-server');
class Agent {}
Edm.Key(Agent.prototype, 'id');
Edm.String(Agent.prototype, 'id');
let options = [];
class AgentsController extends ODataController {
  find(query) {
    options = query.value.options.map((one) => one.raw);
    return [{ id: 'a' }];
  }
}
odata.GET(AgentsController.prototype, 'find');
odata.query(AgentsController.prototype, 'find', 0);
odata.type(Agent)(AgentsController);
class Server extends ODataServer {}
odata.controller(AgentsController, 'Agents')(Server);
(async () => {
  const version = (name) => `${name} ${require(`${name}/package.json`).version}`;
  console.log(version('odata-v4-server'), version('deepmerge'));
  await Server.execute({ url: "/Agents?$filter=id eq 'a'&$top=1", method: 'GET' });
  console.log("$filter=id eq 'a'&$top=1 reaches the controller as", JSON.stringify(options));
  process.exit(options.filter((one) => one.startsWith('$top')).length === 2 ? 0 : 1);
})();
JS
node try.cjs || { echo "CHANGED: the options are others than on the day this was written"; exit 1; }
