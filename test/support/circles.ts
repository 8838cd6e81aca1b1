/**
 * The circles of a graph: its strongly connected components of more than one node (R. Tarjan, Depth-first search and linear
 * graph algorithms, 1972). Edges to what is no node are passed over.
 * @param graph the nodes that each node leads to
 */
export function circles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  /** The lowest number of an open node that can be reached from `node`. */
  const visit = (node: string): number => {
    const own = order.size;
    order.set(node, own);
    open.push(node);
    let lowest = own;
    for (const next of graph.get(node) ?? []) {
      const seen = order.get(next);
      if (seen === undefined && graph.has(next)) {
        lowest = Math.min(lowest, visit(next));
      } else if (seen !== undefined && open.includes(next)) {
        lowest = Math.min(lowest, seen);
      }
    }
    if (lowest === own) {
      const circle = open.splice(open.lastIndexOf(node));
      if (circle.length > 1) {
        found.push(circle.sort());
      }
    }
    return lowest;
  };
  for (const node of graph.keys()) {
    if (!order.has(node)) {
      visit(node);
    }
  }
  return found;
}
