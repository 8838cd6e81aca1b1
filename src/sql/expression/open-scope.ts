import type { Catalogue } from '../../catalogue/catalogue.ts';
import { Aliases, Scope } from '../scope.ts';
import { truth } from './predicate.ts';

/** The outermost scope of a new statement. */
export const openScope = (catalogue: Catalogue): Scope => new Scope({ catalogue, aliases: new Aliases(), truth }, null);
