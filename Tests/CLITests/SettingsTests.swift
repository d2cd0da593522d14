import ArgumentParser
import CLI
import CommandSupport
import TestSupport
import Testing

/// Where options have their values from: command line, then variable, then file, then default.
@Suite("Settings of options by variables and a file")
struct SettingsTests {
    /// A program with the kinds of options that there are.
    struct Sample: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sample", subcommands: [Serve.self, Other.self])

        struct Serve: ParsableCommand {
            @Option var address: String
            @Option var threads = 1
            @Option(parsing: .upToNextOption) var files: [String] = []
            @Flag(inversion: .prefixedNo) var pin: Bool?
            @Flag var quiet = false
            @Argument var rest: [String] = []

            mutating func validate() throws {
                if threads > 64 { throw ValidationError("--threads is \(threads); at most 64") }
            }
        }

        struct Other: ParsableCommand {
            @Option var pin = 0
            @Option var quota: Int?
            @Argument(parsing: .postTerminator) var program: [String] = []
        }
    }

    private static let path = "settings.yaml"

    private static func parse(
        _ line: String, _ file: String? = nil, _ variables: [String: String] = [:]
    ) throws -> any ParsableCommand {
        let tree = CommandTree(Sample.self)
        let file = try file.map { try SettingsFile(text: $0, path: path, for: tree) }
        let settings = Settings(program: tree, file: file, environment: variables)
        let arguments = line.split(separator: " ").map(String.init)
        let (command, found) = tree.chosen(by: arguments)
        return try SettingsParser(Sample.self, environment: variables).parse(
            arguments, settings.values(of: command), found.options)
    }

    private static func serve(
        _ line: String, _ file: String? = nil, _ variables: [String: String] = [:]
    ) throws -> Sample.Serve {
        try #require(try parse("serve \(line)", file, variables) as? Sample.Serve)
    }

    @Test("a variable wins over the file, and the file over the default")
    func precedence() throws {
        let file = "threads: 4\nserve: {address: of-file}\n"
        #expect(try Self.serve("", file).threads == 4)
        #expect(try Self.serve("", file, ["STATEZERO_THREADS": "8"]).threads == 8)
        #expect(try Self.serve("", file).address == "of-file")
        #expect(try Self.serve("--address given").threads == 1)
        #expect(try Self.serve("", file, ["STATEZERO_THREADS": ""]).threads == 4)
    }

    @Test("a section of a command wins over the values for all, and other commands do not get it")
    func sections() throws {
        let file = "quota: 3\nserve: {address: a, threads: 5}\nother: {quota: 7}\nthreads: 2\n"
        #expect(try Self.serve("", file).threads == 5)
        let other = try #require(try Self.parse("other", file) as? Sample.Other)
        #expect(other.quota == 7)
    }

    @Test("flags have true and false, with their opposite; lists are lists, and commas in a variable")
    func forms() throws {
        let file = "serve:\n  address: a\n  pin: false\n  quiet: yes\n  files: [one, two words]\n"
        let read = try Self.serve("", file)
        #expect(read.pin == false && read.quiet && read.files == ["one", "two words"])
        let variables = ["STATEZERO_FILES": "x,y", "STATEZERO_PIN": "true", "STATEZERO_QUIET": "0"]
        let named = try Self.serve("", "serve: {address: a}", variables)
        #expect(named.files == ["x", "y"] && named.pin == true && !named.quiet)
    }

    @Test("settings take nothing away from arguments, nor arguments behind --")
    func positions() throws {
        let read = try Self.serve("file1 file2", "serve: {address: a, files: [x], threads: 2}")
        #expect(read.rest == ["file1", "file2"] && read.files == ["x"])
        let other = try #require(try Self.parse("other -- --quota 9", "quota: 3") as? Sample.Other)
        #expect(other.quota == 3 && other.program == ["--quota", "9"])
    }

    @Test("a name that is a flag in one command and an option in another is meant for the one that it fits")
    func ambiguous() throws {
        let file = "pin: true\nserve: {address: a}"
        #expect(try Self.serve("", file).pin == true)
        #expect(try #require(try Self.parse("other", file) as? Sample.Other).pin == 0)
        #expect(try #require(try Self.parse("other", "pin: 3") as? Sample.Other).pin == 3)
        #expect(try Self.serve("", "pin: 3\nserve: {address: a}").pin == nil)
    }

    static let refused = [
        ("threds: 4", "settings.yaml:1", "--threds"),
        ("serve:\n  adress: a", "settings.yaml:2", "`serve` has no option --adress"),
        ("threads: 4\nserver: {threads: 1}", "settings.yaml:2", "no command server"),
        ("serve:\n  address: a\n  threads: many", "settings.yaml:3", "many"),
        ("serve:\n  address: a\n  threads: 65", "settings.yaml:3", "at most 64"),
        ("serve:\n  address: a\n  threads: [1, 2]", "settings.yaml:3", "one value"),
        ("serve:\n  address: a\n  quiet: perhaps", "settings.yaml:3", "true or false"),
        ("serve:\n  address:", "settings.yaml:2", "address"),
        ("serve: [a]", "settings.yaml:1", "serve"),
        ("- a\n", "settings.yaml:1", "option: value"),
        ("a: b: c", "settings.yaml:1", "mapping"),
        ("threads: 1\nquota: 2\nthreads: 3", "settings.yaml:", "threads is there twice"),
    ]

    @Test("a wrong name or value is refused with file and line", arguments: refused)
    func refusals(file: String, place: String, part: String) throws {
        let error = #expect(throws: SettingsError.self) { _ = try Self.parse("serve", file) }
        let text = "\(try #require(error))"
        #expect(text.hasPrefix(place) && text.contains(part), "\(text)")
        #expect(CommandRunner.ending(of: try #require(error), in: Sample.self).status == .usage)
    }

    @Test("a wrong variable is named, and a wrong argument is not blamed on a setting")
    func sources() throws {
        let variable = #expect(throws: SettingsError.self) {
            _ = try Self.parse("serve --address a", nil, ["STATEZERO_THREADS": "x"])
        }
        #expect("\(try #require(variable))".hasPrefix("$STATEZERO_THREADS: "))
        #expect(throws: (any Error).self) { _ = try Self.parse("serve --nonsense", "threads: 4") }
        let given = #expect(throws: (any Error).self) { _ = try Self.parse("serve --nonsense", "serve: {address: a}") }
        #expect(!(given is SettingsError))
    }

    @Test("--config is taken out of the arguments, also with =, and not behind --")
    func place() throws {
        var arguments = ["worker", "--config", "f.yaml", "--threads", "1"]
        #expect(try SettingsPlace.removeOption(from: &arguments) == "f.yaml")
        #expect(arguments == ["worker", "--threads", "1"])
        arguments = ["--config=off", "score"]
        #expect(try SettingsPlace.removeOption(from: &arguments) == "off" && arguments == ["score"])
        arguments = ["rollout", "--", "program", "--config", "x"]
        #expect(try SettingsPlace.removeOption(from: &arguments) == nil && arguments.count == 5)
        arguments = ["worker", "--config"]
        #expect(throws: CommandFailure.self) { _ = try SettingsPlace.removeOption(from: &arguments) }
        #expect(SettingsPlace.path(named: "off", environment: ["STATEZERO_CONFIG": "f"]) == nil)
        #expect(SettingsPlace.path(named: nil, environment: ["STATEZERO_CONFIG": "f"]) == "f")
    }

    @Test("a file that was named and is missing is refused, and says how to go on without")
    func missing() throws {
        let error = #expect(throws: SettingsError.self) {
            _ = try SettingsFile(reading: "/nowhere/config.yaml", for: CommandTree(Sample.self))
        }
        #expect("\(try #require(error))".contains("--config off"))
    }

    @Test("no command of statezero has an option of its own named config, and each variable belongs to one option")
    func program() {
        let options = CommandTree(StateZero.self).allOptions
        #expect(options.count > 300)
        #expect(!options.contains { $0.name == "config" || $0.name == "help" || $0.name == "parent" })
        let names = Set(options.map(\.name))
        #expect(Set(options.map(\.variable)).count == names.count)
    }
}
