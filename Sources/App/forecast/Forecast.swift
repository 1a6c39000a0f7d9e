import ArgumentParser

@main
struct Forecast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "Predicts the load of a service, and says what capacity it will need before the traffic arrives.",
        subcommands: [Evaluate.self, Backtest.self, DatasetsCommand.self])
}
