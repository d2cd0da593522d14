import Testing
import TestSupport

import ArrowFiles

@Suite("Finding the Arrow library")
struct ArrowLibraryTests {
    @Test("without the library the error names the command that installs it, and where it was searched")
    func missing() {
        #expect(throws: ArrowFilesError.libraryMissing(searched: ["/no/a", "/no/b"])) {
            try ArrowLibrary.load(from: ["/no/a", "/no/b"])
        }
        let text = ArrowFilesError.libraryMissing(searched: ["/no/a"]).description
        #expect(text.contains("scripts/arrow/install") && text.contains("/no/a"))
    }

    @Test("a file that is no library is an error, not a crash")
    func unusable() throws {
        let scratch = try ScratchFolder()
        let path = try scratch.write(ArrowLibrary.fileName, "no library")
        #expect { try ArrowLibrary.load(from: [scratch.path]) } throws: { error in
            guard case .libraryUnusable(path, _)? = error as? ArrowFilesError else { return false }
            return true
        }
    }

    @Test("a folder that the environment names is the only one that is searched")
    func folders() {
        #expect(ArrowLibrary.folders(of: ["STATEZERO_ARROW": "/x", "HOME": "/h"], program: nil) == ["/x"])
        let folders = ArrowLibrary.folders(of: ["HOME": "/h"], program: nil)
        #expect(folders.contains("/h/.local/share/statezero/arrow"))
        #expect(
            ArrowLibrary.folders(of: ["HOME": "/h", "XDG_DATA_HOME": "/d"], program: nil).contains("/d/statezero/arrow")
        )
    }

    @Test("the first bytes decide the format")
    func formats() {
        let stream: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0x01, 0, 0]
        #expect(ArrowFormat(start: Array("PAR1....".utf8)) == .parquet)
        #expect(ArrowFormat(start: Array("ARROW1\0\0".utf8)) == .arrow)
        #expect(ArrowFormat(start: stream) == .arrowStream)
        // A negative size, UTF-16 text, JSON, nothing.
        let others: [[UInt8]] = [
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFE, 0x7B, 0], Array("{\"id\":1}".utf8), [],
        ]
        for other in others { #expect(ArrowFormat(start: other) == nil) }
    }

    @Test("dates and times are those of the Gregorian calendar")
    func times() {
        #expect(ArrowTime.date(days: 0) == "1970-01-01")
        #expect(ArrowTime.date(days: -1) == "1969-12-31")
        #expect(ArrowTime.date(days: 11_016) == "2000-02-29")
        #expect(ArrowTime.date(days: -719_162) == "0001-01-01")
        #expect(ArrowTime.timestamp(-1, perSecond: 1_000, isUTC: true) == "1969-12-31T23:59:59.999Z")
        // No value may overflow.
        for value in [Int64.min, .max] {
            for perSecond in [Int64(1), 1_000, 1_000_000_000] {
                #expect(ArrowTime.timestamp(value, perSecond: perSecond, isUTC: false).contains("T"))
            }
        }
    }
}
