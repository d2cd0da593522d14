import Foundation
import Scoring
import TestSupport
import Testing

import ArrowFiles

/// Files of scripts/goldens/arrow/make_arrow.py.
@Suite("Vectors of Parquet and Arrow files", .enabled(if: hasLibrary, "run scripts/arrow/install"))
struct ArrowVectorsTests {
    @Test(
        "vectors are those of the lists, in any layout and precision; a null list is none",
        arguments: ["vectors-float.parquet", "vectors-fixed.arrow", "vectors-half.arrows"])
    func read(_ name: String) throws {
        let vectors = try ArrowVectors(path: golden(name), idKeys: ["prompt_id", "id"])
        #expect(vectors.ids == ["p0", "p1", "p2", "p4", "p5"] && vectors.columns == 3)
        #expect(vectors.vector(0) == [0.5, -1.25, 3] && vectors.vector(1) == [6, 2, 0])
        #expect(vectors.vector(2) == [.infinity, 1, 2] && vectors.vector(4) == [7, 8, 9])
        #expect(vectors.vector(3)[0] == 1 && vectors.vector(3)[1].isNaN)
        #expect(vectors.digest == Digest(of: try Data(contentsOf: URL(filePath: golden(name)))))
    }

    @Test(
        "a file that cannot be used is an error with its row or its columns, and what to do",
        arguments: [
            ("vectors-uneven.arrow", "id", #"row 2 (b) has 1 numbers in "state", the first row 2; give all the same"#),
            ("vectors-uneven.arrow", "name", #"row 2 has null in "name"; give it an id"#),
            ("vectors-float.parquet", "uid", "no column has ids: none is prompt_id or uid; name it with --id-key"),
            ("vectors-two.arrow", "id", "2 columns have lists of floating-point numbers (first, last)"),
            ("verl.parquet", "id", "0 columns have lists of floating-point numbers; a file of features has one"),
        ])
    func unusable(_ name: String, _ key: String, _ reason: String) throws {
        #expect {
            _ = try ArrowVectors(path: golden(name), idKeys: ["prompt_id", key])
        } throws: {
            "\($0)".hasPrefix("\(golden(name)): \(reason)")
        }
    }
}
