import ArgumentParser
import CommandSupport
import Foundation
import Logging
import Synchronization
import Testing

@Suite("Log lines as JSON")
struct JSONLogTests {
    private final class Lines: Sendable {
        let state = Mutex<[String]>([])
    }

    @Test("a line is an object with time, level, logger, message and the facts as texts")
    func line() throws {
        let lines = Lines()
        let provider = Logger.MetadataProvider { ["trace_id": "4bf9"] }
        var logger = Logger(label: "statezero.test") { label in
            JSONLogHandler(label: label, metadataProvider: provider) { line in lines.state.withLock { $0.append(line) }
            }
        }
        logger.logLevel = .info
        logger[metadataKey: "own"] = "1"
        logger.debug("not shown")
        logger.warning("two\nlines \"and\" quotes", metadata: ["rows": "3", "message": "a fact"])
        let found = lines.state.withLock { $0 }
        try #require(found.count == 1)
        #expect(!found[0].contains("\n"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(found[0].utf8)) as? [String: String])
        #expect(object["level"] == "warning")
        #expect(object["logger"] == "statezero.test")
        #expect(object["message"] == "two\nlines \"and\" quotes")
        #expect(object["_message"] == "a fact")
        #expect((object["rows"], object["own"], object["trace_id"]) == ("3", "1", "4bf9"))
        let time = try #require(object["time"])
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
    }

    @Test("--log-format is one of text and json")
    func option() throws {
        #expect(try LogOptions.parse([]).formatArguments == [])
        #expect(try LogOptions.parse(["--log-format", "json"]).formatArguments == ["--log-format", "json"])
        #expect(throws: (any Error).self) { try LogOptions.parse(["--log-format", "xml"]) }
        #expect(throws: (any Error).self) { try TraceOptions.parse(["--otlp-endpoint", "localhost:4318"]) }
        #expect(try TraceOptions.parse(["--otlp-endpoint", "http://c"]).arguments == ["--otlp-endpoint", "http://c"])
    }
}
