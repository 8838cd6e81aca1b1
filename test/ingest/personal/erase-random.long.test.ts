import { erasureProperty } from './erasure-property.ts';

describe('a person who is erased from random files, many', () => erasureProperty(300, 3_600_000));
