import { dotNetTests } from './dot-net.ts';

describe('readers: Microsoft.OData.Core, every shape of every set', () => dotNetTests(false));
