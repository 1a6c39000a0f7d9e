import ArgumentParser
import Foundation
import Kernels

/// What `--version` prints, and what models are stored with.
let programVersion = "0.1.0"

@main
struct Forecast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "Predicts the load of a service, and starts its capacity before the traffic arrives.",
        version: programVersion,
        groupedSubcommands: [
            CommandGroup(name: "First:", subcommands: [DemoCommand.self]),
            CommandGroup(
                name: "Data:",
                subcommands: [
                    Ingest.self, BackfillCommand.self, SeriesCommand.self, StoreCommand.self, DatasetsCommand.self,
                ]),
            CommandGroup(
                name: "Forecasts:", subcommands: [Train.self, ModelsCommand.self, Predict.self, Evaluate.self]),
            CommandGroup(
                name: "Scaling:",
                subcommands: [
                    Backtest.self, FrontierCommand.self, KeepaliveCommand.self, Daemon.self, ConfigCommand.self,
                ]),
            CommandGroup(
                name: "Inside:",
                subcommands: [
                    InstanceGuardCommand.self, DemoWorkerCommand.self, ScaleBenchmark.self, ReplayBenchmark.self,
                ]),
        ])

    @MainActor
    static func main() async {
        InstanceGuardCommand.runIfAsked(CommandLine.arguments)
        useSingleThreadedBLAS()
        await main(nil)
    }

    /// This program's file, for the processes it starts from itself.
    static var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }
}
