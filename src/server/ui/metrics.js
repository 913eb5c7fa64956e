// Request latency from the Prometheus text of /metrics: the searches' histogram, and its quantiles.

/** Quantiles of the searches since the service started: `{requests, p50, p99}` in seconds, or null where none was. */
export function latency(text) {
  const buckets = new Map();
  for (const line of text.split("\n")) {
    const [, labels, value] = /^\w*duration_seconds_bucket\{(.*)\} (\S+)/.exec(line) ?? [];
    const [route, bound] = ["route", "le"].map((name) => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1]);
    if (!route?.endsWith("/search")) continue;
    const upper = bound === "+Inf" ? Infinity : Number(bound);
    buckets.set(upper, (buckets.get(upper) ?? 0) + Number(value));
  }
  const ascending = [...buckets].sort(([a], [b]) => a - b);
  const requests = ascending.at(-1)?.[1] ?? 0;
  return requests ? { requests, p50: quantile(ascending, 0.5), p99: quantile(ascending, 0.99) } : null;
}

/** Within its bucket a quantile is interpolated, as Prometheus does it. */
function quantile(buckets, share) {
  const rank = share * buckets.at(-1)[1];
  let [low, below] = [0, 0];
  for (const [upper, upTo] of buckets) {
    if (upTo >= rank) return upper === Infinity ? low : low + ((upper - low) * (rank - below)) / (upTo - below || 1);
    [low, below] = [upper, upTo];
  }
  return low;
}
