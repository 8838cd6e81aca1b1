import { dotNetTests } from './dot-net.ts';

describe('readers: Microsoft.OData.Core, one of each kind of shape', () => dotNetTests(true));
