import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import type { EntityType, PersonalData } from '../../../src/edm/model.ts';
import { catalogue as small } from '../../sql/small-model.ts';

const classes: Readonly<Record<string, PersonalData>> = { Title: 'direct', Name: 'employee', Body: 'content' };

const personal = (type: EntityType): EntityType => ({
  ...type,
  properties: new Map(
    [...type.properties].map(([name, property]) => [
      name,
      { ...property, personalData: classes[name] ?? ('none' as const) },
    ]),
  ),
});

const entityTypes = new Map([...small.model.entityTypes].map(([name, type]) => [name, personal(type)]));

/** The small model with classes of personal data: masks go by them. */
export const catalogue: Catalogue = {
  ...small,
  model: {
    ...small.model,
    entityTypes,
    entitySets: new Map(
      [...small.model.entitySets].map(([name, set]) => [
        name,
        { ...set, entityType: entityTypes.get(set.entityType.name) ?? set.entityType },
      ]),
    ),
  },
};
