import ArgumentParser

@main
struct Forecast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "forecast", abstract: "Load prediction and prewarming.")
}
