import { loadMessages } from './message-file.ts';
import { type BenchWarehouse, withoutIndexes } from './warehouse.ts';

export const statistics = 'TracebuzzAgentStatistics';
/** Of the day that is stated anew. */
const stated = 1000;

/** Days of statistics of agents; the last one is stated anew. */
export class StatisticDays {
  readonly #warehouse: BenchWarehouse;

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which fills the set
  private constructor(warehouse: BenchWarehouse) {
    this.#warehouse = warehouse;
  }

  /** `years`: of days; `agents`: rows of each day. */
  static async fill(
    warehouse: BenchWarehouse,
    { years, agents }: { readonly years: number; readonly agents: number },
  ): Promise<StatisticDays> {
    const { database } = warehouse;
    await withoutIndexes(database, statistics, () =>
      database.query(
        `INSERT INTO feed."${statistics}" ("RowDate", "AgentId", "HandledCount", _version, _load_id, _stamp)
         SELECT date '2025-12-31' - d, a, a % 50, 1, 0, '2026-01-01T00:00:00Z' FROM generate_series(${Math.round(years * 365)} - 1, 0, -1) AS d, generate_series(1, ${agents}) AS a`,
      ),
    );
    await database.query(
      `INSERT INTO gateway.set_versions (entity_set, version) VALUES ('${statistics}', 1) ON CONFLICT (entity_set) DO NOTHING`,
    );
    await database.query(`VACUUM (ANALYZE, FREEZE) feed."${statistics}"`);
    return new StatisticDays(warehouse);
  }

  /** The last day with other figures; with each number of `time` a tenth of its agents are others than before. */
  async restate(time: number): Promise<void> {
    const rows = Array.from({ length: stated }, (_, place) => ({
      RowDate: '2025-12-31',
      AgentId: String(1 + ((place + Math.floor(time * stated * 0.1)) % (2 * stated))),
      HandledCount: String(100 + time),
    }));
    await loadMessages(this.#warehouse, rows, statistics);
  }
}
