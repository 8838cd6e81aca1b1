import { ArchiveReader, invalid, partsOf } from './archive-reader.ts';
import { LineCount } from './count-lines.ts';
import type { Manifest } from './manifest.ts';

/** Reads all of a backup and compares it with its manifest. Throws GatewayError BackupInvalid. */
export async function checkBackup(file: string, progress: (what: string) => void = () => {}): Promise<Manifest> {
  const archive = await ArchiveReader.open(file);
  try {
    const { manifest } = archive;
    const rows = new Map(manifest.tables.map((table) => [table.part, table.rows]));
    for (const part of partsOf(manifest)) {
      progress(part.part);
      const count = new LineCount();
      for await (const _ of count.of(archive.content(part))) {
        // Reading is the check.
      }
      if (count.lines !== (rows.get(part.part) ?? count.lines)) {
        throw invalid(`${part.part} has ${count.lines} rows, and the manifest says ${rows.get(part.part)}`);
      }
    }
    return manifest;
  } finally {
    archive.close();
  }
}
