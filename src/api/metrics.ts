/**
 * Prometheus metrics of the node.
 *
 * Rules: labels are route templates, methods, statuses and words from closed lists; never a principal, a job, a
 * dataset or anything read from data. Who may read them is in the permissions table.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { NodeGauge } from "./deps.js";

export interface HttpMetrics {
  registry: Registry;
  observe(method: string, route: string, status: number, seconds: number): void;
}

export function createMetrics(gauges: readonly NodeGauge[] = []): HttpMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "glovebox_" });
  const requests = new Counter({
    name: "glovebox_http_requests_total",
    help: "Requests answered",
    labelNames: ["method", "route", "status"] as const,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "glovebox_http_request_seconds",
    help: "Time from the request's head to the end of the answer",
    labelNames: ["method", "route"] as const,
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60],
    registers: [registry],
  });
  for (const gauge of gauges) registerGauge(registry, gauge);
  return {
    registry,
    observe(method, route, status, duration) {
      requests.inc({ method, route, status });
      seconds.observe({ method, route }, duration);
    },
  };
}

function registerGauge(registry: Registry, gauge: NodeGauge): void {
  new Gauge({
    name: gauge.name,
    help: gauge.help,
    labelNames: [gauge.label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(gauge.collect())) this.set({ [gauge.label]: value }, count);
    },
  });
}
