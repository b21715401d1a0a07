-- Prints the results of wrk as one line of JSON.
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('JSON{"requests":%d,"seconds":%f,"p50":%d,"p99":%d,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.timeout + e.status))
end
