import { erasureProperty } from './erasure-property.ts';

describe('a person who is erased from random files', () => erasureProperty(3, 600_000));
