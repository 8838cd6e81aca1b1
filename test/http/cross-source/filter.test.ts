import { filterShapes } from './filter-shapes.ts';
import { sandboxFeed } from './joined-gateway.ts';

describe('filters over navigation between sources', () => {
  filterShapes(sandboxFeed);
});
