// Questions about directed graphs of names: what can be reached, what goes round in circles. States, tasks, parents and types are all asked
// the same questions. Nothing here recurses, for a spec may hold a chain of any length.

/** The names that `next` names, by name; what is not among them leads nowhere. */
export type Next = (name: string) => readonly string[];

/** All that can be reached from `starts`, themselves included. */
export function reachable(starts: readonly string[], next: Next): ReadonlySet<string> {
  const reached = new Set(starts);
  for (const name of reached) for (const following of next(name)) reached.add(following);
  return reached;
}

/** Those of `names` from which `goal` can be reached. */
export function leadingTo(goal: string, names: readonly string[], next: Next): ReadonlySet<string> {
  const before = new Map<string, string[]>();
  for (const name of names) {
    for (const following of next(name)) {
      const known = before.get(following);
      if (known === undefined) before.set(following, [name]);
      else known.push(name);
    }
  }
  return reachable([goal], (name) => before.get(name) ?? []);
}

/**
 * The groups of names that lead round to one another: more than one name, or one that leads to itself. Groups come in the order of their
 * first names, names in the order given.
 */
export function circles(names: readonly string[], next: Next): readonly (readonly string[])[] {
  const place = new Map(names.map((name, at) => [name, at]));
  return groups(names, (name) => next(name).filter((following) => place.has(following)))
    .filter((group) => group.length > 1 || group.some((name) => next(name).includes(name)))
    .map((group) => [...group].sort((left, right) => (place.get(left) ?? 0) - (place.get(right) ?? 0)))
    .sort((left, right) => (place.get(left[0] ?? "") ?? 0) - (place.get(right[0] ?? "") ?? 0));
}

/** Groups out of which nothing of `names` leads: where a walk over `names` ends up. */
export function deadEnds(names: readonly string[], next: Next): readonly (readonly string[])[] {
  const among = new Set(names);
  const place = new Map(names.map((name, at) => [name, at]));
  const within: Next = (name) => next(name).filter((following) => among.has(following));
  return groups(names, within)
    .filter((group) => {
      const members = new Set(group);
      return group.every((name) => within(name).every((following) => members.has(following)));
    })
    .map((group) => [...group].sort((left, right) => (place.get(left) ?? 0) - (place.get(right) ?? 0)))
    .sort((left, right) => (place.get(left[0] ?? "") ?? 0) - (place.get(right[0] ?? "") ?? 0));
}

/** A shortest way round through the first of a group, its first name again at the end: `a`, `b`, `a`. */
export function wayRound(group: readonly string[], next: Next): readonly string[] {
  const [first] = group;
  if (first === undefined) return [];
  const members = new Set(group);
  const from = new Map<string, string>();
  const waiting = [first];
  for (const name of waiting) {
    for (const following of next(name)) {
      if (following === first) {
        const way = [first];
        for (let step: string | undefined = name; step !== undefined && step !== first; step = from.get(step)) way.unshift(step);
        return [first, ...way];
      }
      if (!members.has(following) || from.has(following)) continue;
      from.set(following, name);
      waiting.push(following);
    }
  }
  return [...group];
}

/**
 * All names in groups of those that lead round to one another, a group after those that it leads to. Strongly connected components, by
 * Tarjan's algorithm with a stack of its own.
 */
export function groups(names: readonly string[], next: Next): readonly (readonly string[])[] {
  interface Visit {
    readonly name: string;
    readonly following: readonly string[];
    at: number;
    lowest: number;
  }
  const order = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: (readonly string[])[] = [];
  const enter = (name: string): Visit => {
    const number = order.size;
    order.set(name, number);
    open.push(name);
    isOpen.add(name);
    return { name, following: next(name), at: 0, lowest: number };
  };
  for (const start of names) {
    if (order.has(start)) continue;
    const visits = [enter(start)];
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const following = visit.following[visit.at];
      visit.at += 1;
      if (following !== undefined) {
        const number = order.get(following);
        if (number === undefined) visits.push(enter(following));
        else if (isOpen.has(following)) visit.lowest = Math.min(visit.lowest, number);
        continue;
      }
      visits.pop();
      const caller = visits.at(-1);
      if (caller !== undefined) caller.lowest = Math.min(caller.lowest, visit.lowest);
      if (visit.lowest !== order.get(visit.name)) continue;
      const group = open.splice(open.lastIndexOf(visit.name));
      for (const name of group) isOpen.delete(name);
      found.push(group);
    }
  }
  return found;
}
