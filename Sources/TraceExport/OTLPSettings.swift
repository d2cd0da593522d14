package import Traces

/// Where spans are exported and which, by the standard variables of OpenTelemetry.
///
/// What is wrong in a variable is ignored with a warning, as the standard requires: other programs read the same ones.
package struct OTLPSettings: Hashable, Sendable {
    /// Where spans are posted, such as `http://127.0.0.1:4318/v1/traces`.
    package var url: String
    /// Added to each request.
    package var headers: [Header] = []
    /// Time for one request.
    package var timeout: Duration = .seconds(10)
    package var sampler = Sampler.everything
    /// What the process is: `service.name` and others, in order of their names.
    package var resource: [String: String]
    /// What was ignored, for people.
    package var warnings: [String] = []

    /// A header of requests.
    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    /// Reads variables; `nil` where nothing is to be exported.
    ///
    /// - Parameters:
    ///   - endpoint: The address that the command line gives; it precedes the variables.
    ///   - service: `service.name`, unless a variable has it.
    package init?(endpoint: String? = nil, service: String, variables: [String: String]) {
        let given = variables.filter { !$0.value.isEmpty }
        var warnings: [String] = []
        guard let url = Self.url(endpoint, given, &warnings) else { return nil }
        self.url = url
        resource = ["service.name": service]
        for pair in Self.pairs("OTEL_RESOURCE_ATTRIBUTES", given, &warnings) { resource[pair.name] = pair.value }
        if let name = given["OTEL_SERVICE_NAME"] { resource["service.name"] = name }
        headers = Self.pairs("OTEL_EXPORTER_OTLP_HEADERS", given, &warnings)
        for header in Self.pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS", given, &warnings) {
            headers.removeAll { $0.name.lowercased() == header.name.lowercased() }
            headers.append(header)
        }
        for name in ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"] {
            guard let text = given[name] else { continue }
            if let milliseconds = Int(text), (1...3_600_000).contains(milliseconds) {
                timeout = .milliseconds(milliseconds)
                break
            }
            warnings.append("\(name): \"\(text)\" is not a number of milliseconds from 1 to 3600000")
        }
        if let name = given["OTEL_TRACES_SAMPLER"] {
            if let known = Sampler(name: name, argument: given["OTEL_TRACES_SAMPLER_ARG"]) {
                sampler = known
            } else {
                warnings.append(
                    "OTEL_TRACES_SAMPLER: \"\(name)\" with argument \"\(given["OTEL_TRACES_SAMPLER_ARG"] ?? "")\" is not "
                        + "known; everything is recorded")
            }
        }
        self.warnings = warnings
    }

    /// What is wrong with variables that ask for an export and give none, for people.
    package static func warnings(_ variables: [String: String]) -> [String] {
        var warnings: [String] = []
        _ = url(nil, variables.filter { !$0.value.isEmpty }, &warnings)
        return warnings
    }

    /// The address without a user and password, for logs.
    package var urlWithoutUser: String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let at = rest[..<end].lastIndex(of: "@") else { return url }
        return "\(url[..<scheme.upperBound])\(rest[rest.index(after: at)...])"
    }

    /// Whether a text is an address that spans can be posted to.
    package static func isAddress(_ text: String) -> Bool {
        ["http://", "https://"].contains { scheme in
            text.hasPrefix(scheme) && text.utf8.count > scheme.utf8.count
                && text.dropFirst(scheme.count).first != "/" && !text.contains { $0.isWhitespace }
        }
    }

    private static func url(
        _ endpoint: String?, _ given: [String: String], _ warnings: inout [String]
    ) -> String? {
        if let endpoint { return withPath(endpoint) }
        if given["OTEL_SDK_DISABLED"]?.lowercased() == "true" { return nil }
        if let exporters = given["OTEL_TRACES_EXPORTER"] {
            guard exporters.split(separator: ",").contains(where: { trimmed($0) == "otlp" }) else { return nil }
        }
        let whole = given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
        guard let address = whole ?? given["OTEL_EXPORTER_OTLP_ENDPOINT"] else { return nil }
        guard isAddress(address) else {
            // Not the text itself: an address may have a password.
            let name = whole == nil ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
            warnings.append("\(name): not an http:// or https:// address; no spans are exported")
            return nil
        }
        let form = given["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] ?? given["OTEL_EXPORTER_OTLP_PROTOCOL"]
        if let form, form != "http/protobuf" {
            warnings.append("OTEL_EXPORTER_OTLP_PROTOCOL: \(form) is not spoken here; http/protobuf is used")
        }
        return whole ?? withPath(address)
    }

    private static func withPath(_ address: String) -> String {
        var address = address[...]
        while address.last == "/" { address.removeLast() }
        return address + "/v1/traces"
    }

    /// `name=value,name=value`; values may be percent-encoded.
    private static func pairs(_ variable: String, _ given: [String: String], _ warnings: inout [String]) -> [Header] {
        var pairs: [Header] = []
        for part in (given[variable] ?? "").split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1).map { trimmed($0) }
            guard sides.count == 2, !sides[0].isEmpty, sides[0].utf8.allSatisfy(isOfName),
                let value = decoded(sides[1])
            else {
                // Not the text itself: headers have secrets.
                warnings.append("\(variable): an element is not name=value with percent-encoding")
                continue
            }
            pairs.append(Header(name: sides[0], value: value))
        }
        return pairs
    }

    /// Whether a byte may be in the name of a header or an attribute here: the HTTP client refuses requests with others.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"): true
        default: false
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                guard (0x20...0x7E).contains(byte) else { return nil }
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16), value >= 0x20, value != 0x7F else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
