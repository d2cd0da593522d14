import ArgumentParser
import CommandSupport
import Corpora
import Routing
import Scoring

/// Files that people write: fleets, settings, templates. The first byte chooses.
enum SettingsTarget {
    /// A program with options of each kind.
    struct Sample: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "sample", subcommands: [Serve.self])

        struct Serve: ParsableCommand {
            @Option var address: String?
            @Option var threads: Int = 1
            @Flag(inversion: .prefixedNo) var color = true
            @Option var file: [String] = []
        }
    }

    private static let program = CommandTree(Sample.self)

    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let choice = input.byte()
        let text = String(decoding: input.remainder(), as: UTF8.self)
        switch choice % 4 {
        case 0: return fleet(text)
        case 1:
            guard let file = try? SettingsFile(text: text, path: "f", for: program) else { return nil }
            let settings = Settings(program: program, file: file, environment: [:])
            guard let values = try? settings.values(of: ["serve"]) else { return nil }
            _ = values.flatMap { $0.arguments(among: program.allOptions) }
            return nil
        case 2: return PromptTemplate(text).map(\.source) ?? text == text ? nil : "a template is another text"
        default:
            _ = Policy(argument: text)
            return nil
        }
    }

    private static func fleet(_ text: String) -> String? {
        guard let fleet = try? FleetFile.parse(text, path: "f") else { return nil }
        guard fleet.index(of: fleet.defaultModel.name) != nil else { return "the default is no model" }
        return fleet.deadline > .zero ? nil : "a deadline of \(fleet.deadline)"
    }
}
