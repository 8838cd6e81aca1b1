using System.Text.Json;
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Validation;

// Prints what Microsoft's validator finds in a workbook, as a JSON array of texts.
using var workbook = SpreadsheetDocument.Open(args[0], false);
var faults = new OpenXmlValidator(FileFormatVersions.Microsoft365)
    .Validate(workbook)
    .Select(fault => $"{fault.Part?.Uri} {fault.Path?.XPath} {fault.Id}: {fault.Description}")
    .ToArray();
Console.WriteLine(JsonSerializer.Serialize(faults));
