import { expandShapes } from './expand-shapes.ts';
import { sandboxFeed } from './joined-gateway.ts';

describe('navigation between stored and proxied sets', () => {
  expandShapes(sandboxFeed);
});
