import Inference
import Messages
import Models
import Testing

@testable import Serving

struct FeatureReaderTests {
  private let budget = MemoryBudget()

  private func reader(
    _ ports: (String, ONNXElementType, ONNXDimension)..., takesMissing: Bool = false
  ) -> FeatureReader? {
    let ports = ports.map { GraphSignature.Port($0, $1, [.symbolic("N"), $2]) }
    return FeatureReader(
      GraphSignature(inputs: ports, outputs: []), takesMissing: takesMissing)
  }

  private func problem(
    _ reader: FeatureReader?, _ values: [Float], _ names: [String] = []
  ) throws -> String {
    let reader = try #require(reader)
    do throws(Status) {
      _ = try reader.inputs(ApusV1.FeatureRow(values: values, names: names), "features", budget)
      return ""
    } catch {
      return error.message
    }
  }

  @Test func whatTakesRows() {
    #expect(reader(("x", .float, .fixed(5)))?.width == 5)
    #expect(reader(("x", .int64, .symbolic("F")))?.width == 0)
    #expect(reader(("a", .float, .fixed(1)), ("b", .string, .fixed(1)))?.width == 2)
    #expect(reader(("a", .float, .fixed(1)), ("b", .float, .fixed(2))) == nil)
    #expect(reader(("x", .string, .fixed(5))) == nil)
    #expect(reader(("x", .float8e4m3fn, .fixed(5))) == nil)
  }

  @Test func oneRow() throws {
    let five = reader(("x", .float, .fixed(5)))
    #expect(try problem(five, [1, 2, 3, 4]) == "features: expected 5 values, got 4")
    #expect(try problem(five, [1, 2, 3, 4, .infinity]).hasPrefix("features.values[4]: expected"))
    #expect(try problem(five, [.nan, 2, 3, 4, 5]).contains("is missing (NaN)"))
    #expect(
      try problem(reader(("x", .float, .unknown)), []) == "features: expected 1 values, got 0")
    let filling = reader(("x", .float, .fixed(1)), takesMissing: true)
    #expect(try problem(filling, [.nan]).isEmpty)
    let input = try #require(five).inputs(
      ApusV1.FeatureRow(values: [1, 2, 3, 4, 5]), "features", budget)
    #expect(input.values[0].shape == [1, 5] && input.cost == 1)
    #expect(input.values[0].values(Float.self).array == [1, 2, 3, 4, 5])
  }

  @Test func columnsByNameOrInOrder() throws {
    let columns = reader(("age", .float, .fixed(1)), ("code", .int64, .fixed(1)))
    for (values, names) in [([1.5, 2], []), ([2, 1.5], ["code", "age"])] as [([Float], [String])] {
      let input = try #require(columns).inputs(
        ApusV1.FeatureRow(values: values, names: names), "features", budget)
      #expect(input.values[0].values(Float.self).array == [1.5])
      #expect(input.values[1].values(Int64.self).array == [2])
    }
    #expect(try problem(columns, [1], ["code"]) == #"features: no value for "age""#)
    #expect(try problem(columns, [1, 2], ["code", "aged"]).contains(#"did you mean "age"?"#))
    #expect(try problem(columns, [1, 2], ["age", "age"]).contains("there twice"))
    #expect(try problem(columns, [1, 2], ["age"]).contains("expected one for each of 2 values"))
    #expect(try problem(columns, [1, 2.5]).hasPrefix("features.code: expected a whole number"))
    #expect(try problem(columns, [1, 1e10]).hasPrefix("features.code: expected a whole number"))
    #expect(try problem(columns, [1]) == "features: expected 2 values, got 1")
  }

  @Test func columnsOfTexts() throws {
    let columns = reader(("color", .string, .fixed(1)), ("age", .float, .fixed(1)))
    func problem(_ row: ApusV1.FeatureRow) throws -> String {
      let reader = try #require(columns)
      do throws(Status) {
        _ = try reader.inputs(row, "features", budget)
        return ""
      } catch {
        return error.message
      }
    }
    let row = ApusV1.FeatureRow(values: [7], names: ["age"], texts: ["color": "red"])
    let input = try #require(columns).inputs(row, "features", budget)
    #expect(input.values[0].strings == [Array("red".utf8)] && input.values[0].shape == [1, 1])
    #expect(input.values[1].values(Float.self).array == [7])
    let number = ApusV1.FeatureRow(values: [7, 1], names: ["age", "color"])
    #expect(try problem(number) == "features.color: expected a text, got a number")
    let missing = ApusV1.FeatureRow(values: [7, .nan], names: ["age", "color"])
    #expect(try problem(missing) == #"features.color: the text is missing; "" is an empty one"#)
    let text = ApusV1.FeatureRow(texts: ["color": "red", "age": "old"])
    #expect(try problem(text) == "features.age: expected a number, got a text")
    let lacking = ApusV1.FeatureRow(values: [7], names: ["age"])
    #expect(try problem(lacking) == #"features: no value for "color""#)
    let unknown = ApusV1.FeatureRow(values: [7], names: ["age"], texts: ["colour": "red"])
    #expect(try problem(unknown).contains(#"did you mean "color"?"#))
    let unnamed = ApusV1.FeatureRow(values: [7], texts: ["color": "red"])
    #expect(try problem(unnamed) == "features.names: expected one for each of 1 values, got 0")
    let twice = ApusV1.FeatureRow(values: [7], names: ["age"], texts: ["age": "7", "color": "red"])
    #expect(try problem(twice) == #"features.names: "age" is there twice"#)
    let rows = try #require(reader(("x", .float, .fixed(1))))
    #expect(throws: Status.self) { try rows.inputs(text, "features", budget) }
  }
}
