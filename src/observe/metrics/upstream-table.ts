/** The rows of the table of metrics for upstreams with several targets. */
export const UPSTREAM_METRICS = {
  bff_upstream_retries_total: {
    type: 'counter',
    labels: ['app', 'route', 'reason', 'outcome'],
    help: 'Requests that were sent to an upstream again, and those that were not because its budget of retries was exhausted. Routes with the same upstream count as the first of them',
  },
  bff_upstream_ejections_total: {
    type: 'counter',
    labels: ['app', 'route', 'reason'],
    help: 'Times that a target of an upstream was taken out, because requests or checks failed. Routes with the same upstream count as the first of them',
  },
  bff_upstream_targets: {
    type: 'gauge',
    labels: ['app', 'route', 'state'],
    aggregator: 'average',
    help: 'Servers of an upstream with several targets by state: one for each address of a target. With workers the average of the processes. Routes with the same upstream count as the first of them',
  },
  bff_upstream_target_requests: {
    type: 'gauge',
    labels: ['app', 'route', 'target'],
    help: 'Requests and WebSockets in progress at a target of an upstream with several; `target` is its scheme, host and port in the configuration',
  },
} as const;
