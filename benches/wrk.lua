-- Posts the bodies of a file one after another, again and again; ends with what came of it as a line of JSON.
-- wrk .. -s benches/wrk.lua URL -- FILE CONTENT-TYPE, where FILE has before each body a line with its length.

local requests, last = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local headers = { ["Content-Type"] = args[2], ["Accept"] = args[2], ["Host"] = wrk.headers["Host"] }
  for length in function() return file:read("*l") end do
    requests[#requests + 1] = wrk.format("POST", nil, headers, file:read(tonumber(length)))
  end
  file:close()
end

function request()
  last = last % #requests + 1
  return requests[last]
end

-- Times are in microseconds; `refused` counts answers of status 400 and more, `failed` those that did not come.
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %.6f, "bytes": %d, "p50_us": %d, "p99_us": %d, "worst_us": %d, "refused": %d, "failed": %d}',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
