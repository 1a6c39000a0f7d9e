extension KeptInstances {
    /// Lazy capacity provisioning (Lin and others, "Dynamic right-sizing for power-proportional data centers", INFOCOM 2011) of what
    /// must carry the demand, where a start costs as much as holding an instance for `startCost` seconds.
    ///
    /// The count moves only when it leaves what the two optimal plans for the past, charged at starts and at stops, end with. With an
    /// instance-second priced at 1 and demand that must be carried, the lower one ends with the present need. The upper one
    /// keeps an instance for as long as that is cheaper than a start: it ends with the highest need of the last `startCost`
    /// seconds. It knows no start-up time, and no forecast.
    package static func lazy(name: String, service: ServiceModel, startCost: Int) -> Self {
        Self(name: name, service: service, target: 1, spare: 0, keepSeconds: startCost)
    }
}
