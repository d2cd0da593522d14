import Foundation
import Testing

@Suite("The house: documents and paths")
struct DocumentTests {
    private let tree: PackageTree

    init() throws {
        tree = try PackageTree()
    }

    @Test("every link of a document to a file of the package leads to one")
    func links() throws {
        let documents = try tree.files(withExtension: "md")
        #expect(!documents.isEmpty)
        var count = 0
        for document in documents {
            let folder = document.path.split(separator: "/").dropLast().joined(separator: "/")
            for (number, line) in Self.prose(document.lines) {
                for target in Self.targets(line) {
                    count += 1
                    let path = folder.isEmpty ? target : "\(folder)/\(target)"
                    #expect(tree.exists(path), "\(document):\(number): \(target) leads nowhere")
                }
            }
        }
        print("links: \(count) in \(documents.count) documents")
    }

    /// A path of somebody's machine tells where a file was made, and works nowhere else.
    @Test("no file names a place on somebody's own machine")
    func foreignPaths() throws {
        let places = ["home", "root", "Users", "work"].joined(separator: "|")
        let pattern = try Regex("(?:^|[^\\w./}~-])(/(?:\(places))/[\\w.-]+)")
        let files = try tree.files()
        #expect(files.count > 150, "only \(files.count) files were read")
        for file in files {
            for (number, line) in file.lines.enumerated() where line.utf8.count < 4096 {
                let found = line.firstMatch(of: pattern).map { String(line[$0.range]) }
                #expect(found == nil, "\(file):\(number + 1): \(found ?? "")")
            }
        }
    }

    @Test("the reader of links sees what it should")
    func reader() {
        #expect(Self.targets("see [a](../b.md) and [c](d/e.swift#L3 \"title\")") == ["../b.md", "d/e.swift"])
        #expect(Self.targets("[a](https://a.example/b.md), [b](#part), [c](mailto:a@b.example)").isEmpty)
        #expect(Self.targets("`[a](not/a/link.md)` is code").isEmpty)
        #expect(Self.prose(["a", "```", "[x](y)", "```", "b"]).map(\.1) == ["a", "b"])
    }

    /// Lines outside fenced code, with their numbers.
    private static func prose(_ lines: [Substring]) -> [(Int, Substring)] {
        var isCode = false
        var prose: [(Int, Substring)] = []
        for (index, line) in lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
            } else if !isCode {
                prose.append((index + 1, line))
            }
        }
        return prose
    }

    /// Files that a line links to, relative to its document; neither addresses nor parts of the same document.
    private static func targets(_ line: Substring) -> [String] {
        let text = line.replacing(/`[^`]*`/, with: "")
        return text.matches(of: /\]\(([^)\s]+)[^)]*\)/).compactMap { match in
            let target = match.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
            let isAddress = target.contains("://") || target.hasPrefix("mailto:")
            return target.isEmpty || isAddress ? nil : String(target)
        }
    }
}
