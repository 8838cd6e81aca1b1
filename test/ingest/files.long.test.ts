import { encodingProperty } from './support/encoding-property.ts';
import { useFiles } from './support/inspected.ts';
import { structureProperty } from './support/structure-property.ts';

describe('Files of any encoding and structure, long', () => {
  const files = useFiles();

  it('encodings: 10,000 texts cut and damaged anywhere', function () {
    this.timeout(1_800_000);
    encodingProperty(10_000);
  });

  it('structure: 10,000 files with what people and programs leave in them', async function () {
    this.timeout(1_800_000);
    await structureProperty(files, 10_000);
  });
});
