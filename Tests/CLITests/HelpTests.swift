import ArgumentParser
import CLI
import TestSupport
import Testing

/// Every help page of `statezero` has an example that parses, and short plain sentences.
@Suite("Help pages of statezero")
struct HelpTests {
    @Test("every command has an example, and it parses as that command")
    func examples() throws {
        let pages = HelpPages(StateZero.self)
        #expect(pages.all.count >= 22)
        for page in pages.all {
            let examples = HelpExamples.arguments(in: page.command.configuration.discussion)
            #expect(!examples.isEmpty, "\(page): no example")
            for arguments in examples {
                let parsed = try StateZero.parseAsRoot(arguments)
                #expect(type(of: parsed) == page.command || page.hasSubcommands, "\(page): \(arguments)")
            }
        }
    }

    @Test("every command has a name, and one line on what it does that ends with a full stop")
    func abstracts() {
        for page in HelpPages(StateZero.self).all {
            let abstract = page.command.configuration.abstract
            #expect(page.command.configuration.commandName != nil, "\(page)")
            #expect((20...120).contains(abstract.count) && abstract.hasSuffix("."), "\(page): \(abstract)")
            #expect(!abstract.contains("\n"), "\(page)")
        }
    }

    @Test("every option has a description, and no line is wider than a terminal of 100 columns")
    func options() {
        for page in HelpPages(StateZero.self).all {
            let text = StateZero.helpMessage(for: page.command, columns: 100)
            // The parser does not wrap the usage.
            for line in text.split(separator: "\n") where !line.hasPrefix("USAGE:") {
                #expect(line.count <= 100, "\(page): \(line)")
            }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("  --") {
                let isDescribed =
                    line.dropFirst(26).contains { $0 != " " } || next.hasPrefix("                          ")
                #expect(isDescribed, "\(page): \(line)")
            }
        }
    }

    @Test("hidden commands are not listed; the public ones are, each once")
    func list() {
        let text = StateZero.helpMessage()
        for name in ["score", "plan", "route", "evaluate", "replay", "validate", "coordinator", "worker", "rollout"] {
            #expect(text.contains("\n  \(name) "), "\(name)")
        }
        #expect(!text.contains("tune-worker") && !text.contains("\n  bench"))
    }
}
