import Testing
import TraceExport
import Traces

/// The standard variables: what is read, what precedes what, and what is ignored with a warning.
@Suite("Settings of the export")
struct OTLPSettingsTests {
    private static func settings(_ variables: [String: String], endpoint: String? = nil) -> OTLPSettings? {
        OTLPSettings(endpoint: endpoint, service: "s", variables: variables)
    }

    @Test("without an address nothing is traced")
    func off() {
        let address = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"]
        #expect(Self.settings([:]) == nil)
        #expect(Self.settings(["OTEL_EXPORTER_OTLP_ENDPOINT": ""]) == nil)
        #expect(Self.settings(["OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:4318"]) == nil)
        #expect(Self.settings(address.merging(["OTEL_SDK_DISABLED": "true"]) { $1 }) == nil)
        #expect(Self.settings(address.merging(["OTEL_TRACES_EXPORTER": "none"]) { $1 }) == nil)
        #expect(Self.settings(address.merging(["OTEL_TRACES_EXPORTER": "console, otlp"]) { $1 }) != nil)
        #expect(Self.settings(address) != nil)
        #expect(OTLPSettings.warnings([:]).isEmpty && OTLPSettings.warnings(address).isEmpty)
        #expect(OTLPSettings.warnings(["OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:4318"]).count == 1)
    }

    @Test("the path is added to a common address, and the command line precedes the variables")
    func addresses() {
        let common = ["OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector/base/"]
        #expect(Self.settings(common)?.url == "https://collector/base/v1/traces")
        #expect(
            Self.settings(common.merging(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other/t"]) { $1 })?.url
                == "http://other/t")
        #expect(Self.settings(common, endpoint: "http://mine:4318")?.url == "http://mine:4318/v1/traces")
        #expect(
            Self.settings(["OTEL_SDK_DISABLED": "true"], endpoint: "http://mine")?.url == "http://mine/v1/traces")
    }

    @Test("headers and attributes are decoded, and those of traces replace common ones")
    func pairs() throws {
        let found = try #require(
            Self.settings(
                [
                    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc, x-a = 1",
                    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "X-A=2",
                    "OTEL_RESOURCE_ATTRIBUTES": "service.name=ignored,deployment.environment.name=test%2C1",
                    "OTEL_SERVICE_NAME": "mine",
                ], endpoint: "http://c"))
        #expect(found.headers.map(\.name) == ["authorization", "X-A"])
        #expect(found.headers.map(\.value) == ["Bearer abc", "2"])
        #expect(found.resource == ["service.name": "mine", "deployment.environment.name": "test,1"])
        #expect(found.warnings.isEmpty)
    }

    @Test("what is wrong is ignored with a warning that quotes no header")
    func warnings() throws {
        let found = try #require(
            Self.settings(
                [
                    "OTEL_EXPORTER_OTLP_HEADERS": "secret,x=a%0d%0ay,ok=1", "OTEL_TRACES_SAMPLER": "mystery",
                    "OTEL_EXPORTER_OTLP_TIMEOUT": "soon", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317",
                ]))
        #expect(found.headers.map(\.name) == ["ok"])
        #expect(found.sampler == .everything)
        #expect(found.timeout == .seconds(10))
        #expect(found.warnings.count == 5)
        #expect(!found.warnings.contains { $0.contains("secret") })
    }

    @Test("sampler and time limit are read")
    func sampler() throws {
        let found = try #require(
            Self.settings(
                [
                    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1",
                    "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
                ], endpoint: "http://c"))
        #expect(found.sampler == Sampler(ratio: 0.1, followsParent: true))
        #expect(found.timeout == .milliseconds(2500))
    }

    @Test("logs have the address without its user and password, and a header's name is one")
    func secrets() throws {
        let found = try #require(
            Self.settings(["OTEL_EXPORTER_OTLP_HEADERS": "a b=1,x-key=2"], endpoint: "http://me:secret@c:4318"))
        #expect(found.url == "http://me:secret@c:4318/v1/traces")
        #expect(found.urlWithoutUser == "http://c:4318/v1/traces")
        #expect(found.headers.map(\.name) == ["x-key"])
        #expect(found.warnings.count == 1)
        let plain = try #require(Self.settings([:], endpoint: "http://c/@x"))
        #expect(plain.urlWithoutUser == "http://c/@x/v1/traces")
    }

    @Test("an address has a scheme and a host", arguments: ["c", "ftp://c", "http://", "http:///v1", "http://a b"])
    func noAddress(_ text: String) {
        #expect(!OTLPSettings.isAddress(text))
    }
}
