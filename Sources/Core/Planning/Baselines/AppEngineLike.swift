extension KeptInstances {
    /// App Engine's automatic scaling: the instances that serve the load and `spare` idle ones beyond them, a buffer that moves
    /// with the load; an instance that has been idle for 15 minutes is stopped.
    ///
    /// An instance is loaded to 0.95 of what it sustains, the highest throughput utilisation that can be set, so that headroom is what
    /// the buffer gives; at the default of 0.6 every buffer costs at least 1/0.6 of the load.
    package static func appEngine(name: String, service: ServiceModel, spare: Int) -> Self {
        Self(name: name, service: service, target: 0.95, spare: spare, keepSeconds: 900)
    }
}
