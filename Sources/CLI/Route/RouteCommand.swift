import ArgumentParser
import CommandSupport

/// `statezero route`.
struct Route: ParsableCommand {
    static let configuration = CommandConfiguration(
        "route", "Sends each prompt to the cheapest model that is likely to succeed.",
        example: "statezero route decide --fleet scripts/sample/fleet.yaml --prompt 'What is 17 plus 25?'",
        details: """
            A fleet file lists models with prices and histories; deploy/fleet.example.yaml shows every key. A new \
            model or price is a change of that file, without training.
            """,
        subcommands: [
            Decide.self, Calibrate.self, Sweep.self, Evaluate.self, Serve.self, Replay.self, Explain.self,
        ])
}
