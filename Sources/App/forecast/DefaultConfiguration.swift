/// What `forecast config init` prints; `service/prewarm.yaml` is the same text, which a test holds them to.
let defaultConfiguration = #"""
    # Prewarm's configuration: every key there is, with its default where it has one.
    # `forecast config check FILE` tells everything that is wrong with one; `forecast daemon --config FILE` runs it.

    store:
      path: prewarm.db            # an SQLite file, made where there is none; one daemon a file
      retention: 90d              # samples and decisions older than this are removed; at least 1d
      late: 90d                   # samples that come older than this are refused; default and at most: retention
      rollups:                    # sums, counts, … a window, which models learn from for longer; or off: none are made
        5m: 400d                  # at least 30d
        1h: 1825d                 # at least 30d
      size: 20GB                  # the oldest samples are removed beyond it; left out: no bound
      memory: 64MiB               # samples that are not in the database yet, at most; they are durable before
      series: 1000000             # samples of further series are refused
      flush: 5m                   # how long a sample may stay out of the database
      acknowledge: synced         # when a push is answered: synced: it survives a power cut | written: the end of the daemon
      synchronous: normal         # decisions and models: normal: a power cut may take the last | full: none

    listen:
      address: 127.0.0.1:9201     # loopback only; port 0 lets the system choose
      # tokenFile: token.txt      # when set, pushes must carry `Authorization: Bearer <its content>`, 16 characters or more

    tick: 15s                     # how often every workload is looked at

    scrape:                       # left out: nothing is fetched
      - url: http://127.0.0.1:8080/metrics   # Prometheus text or OpenMetrics
        every: 15s                # 1s to 1h
        timeout: 5s               # at most `every`
        # tokenFile: token.txt    # its content is sent as a bearer token; read for every scrape, so it may change
        # ca: ca.pem              # of https: who may have signed the certificate, in place of the system's authorities
        labels: {job: checkout}   # put on every series from there, beside instance: HOST:PORT

    statsd:                       # left out: StatsD is not taken in
      listen: 127.0.0.1:8125      # UDP, loopback only; port 0 lets the system choose
      flush: 10s                  # how often the sums are stored, 1s to 1h

    workloads:
      - name: checkout            # letters, digits, '.', '_', '-'; at most 63
        demand:
          series: 'http_requests_total{job="checkout"}'   # must match one stored series
          kind: counter           # counter | count | rate | gauge; default: counter for names in _total, else count
          step: 60s               # what a row of demand spans
          delay: 5s               # how long the samples of a row may take to arrive
        capacity:
          perInstance: 25         # demand per second that one ready instance sustains within the SLO
          # or one of these in its place:
          # queue: {serviceTime: 200ms, places: 8, arrivalCV: 1, serviceCV: 1}   # so that few enough wait longer than slo.wait
          # usage: {whole: 4, target: 0.7}         # demand is a usage, of which an instance has so much
          # concurrency: {places: 80, target: 0.7, time: 250ms}   # without time: demand is what is in flight
          # tokens: {perSecond: 2500, perRequest: 400, batch: 32, perSequence: 50, target: 0.8}   # without perRequest: demand is tokens
        limits:
          min: 1                  # default 1
          max: 40                 # default 10
          # stepUp: 100%          # instances, or a share of those there are, that a tick may add; left out: any number
          # stepDown: 2           # … or take away
          # budget: {hours: 500, per: day}   # instance-hours per hour or day of UTC; min is kept in any case
          # standby: 10%          # ready instances, or a share, beside what demand asks for
          # stabilisation: 5m     # the count falls no lower than the highest wish of this long; default 0s
          # minimumRun: 10m       # nothing is stopped within this time of the latest start; default 0s
          # startCost: 2m         # what a start costs, in time of an instance, beside the start itself; default 0s
        slo:
          wait: 1s                # a request that waits longer is late
        leadTime: 60s             # from the decision to start to ready and warm; assumed until starts have been measured
        aggressiveness: auto      # the quantile of demand that is covered, 0.5 to 0.999; auto takes it from the prices
        price:                    # needed by auto, in any currency
          idle: 0.20              # of an instance-hour
          late: 0.001             # of a late request
        trust: shadow             # shadow: decide and record only | floor: never below reactive scaling | full: forecasts decide
        # schedules:              # left out: none; floors that return, 100 at most
        #   - cron: "0 8 * * 1-5" # minute hour day month weekday, when it begins; names such as MON will do
        #     zone: Europe/Berlin # on whose clocks; default UTC
        #     for: 10h            # how long it holds, 1m to 7d
        #     floor: 4            # instances at least, up to max, ready when it begins
        # events:                 # left out: none are known
        #   file: events.ics      # iCalendar, or CSV with start, end, name and effect; read again whenever a model is learnt
        #   zone: Europe/Berlin   # of times in it that name none; default UTC
        actuator:                 # left out: the workload is only watched
          process:
            command: [./server, --port, "{port}"]         # never a shell; {port} is the instance's own
            ports: 20000-29999    # given out to instances on loopback
            ready:
              http: /healthz      # answers 200 to 299 when it can serve; or command: [./check, "{port}"]
            warm:
              http: [/warm]       # fetched in this order before an instance counts as ready
            readyDeadline: 300s   # a start that takes longer is stopped and tried again
            stopGrace: 10s        # from SIGTERM to SIGKILL

    """#
