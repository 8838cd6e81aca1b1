import { expandShapes } from './expand-shapes.ts';
import { sandboxFeed } from './joined-gateway.ts';

describe('navigation between stored and proxied sets', function () {
  this.timeout(60_000);
  expandShapes(sandboxFeed);
});
