import type { EntitySet } from '../edm/model.ts';
import { escapeXml } from '../edm/xml-text.ts';
import { sheetQuery } from './m-text.ts';
import { connectionString, engine, selectAll } from './query-connection.ts';

const lines = (text: string): string => text.replaceAll('\n', '\r\n');

/**
 * A connection file of Excel (`.odc`) that holds a Power Query query, as Excel writes it: the mashup is an XML document inside
 * the text of an element, and M stands in a CDATA section of that. `root`: the service root with its final slash.
 */
export function odcFile(root: string, set: EntitySet): string {
  const title = set.title ?? set.name;
  const mashup = [
    '<Mashup xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.microsoft.com/DataMashup">',
    `<Client>EXCEL</Client><Version>${engine.version}</Version><MinVersion>${engine.minVersion}</MinVersion>`,
    `<Culture>${engine.culture}</Culture><SafeCombine>true</SafeCombine><Items>`,
    `<Query Name="${escapeXml(set.name)}"><Formula><![CDATA[${cdata(lines(sheetQuery(root, set).text))}]]></Formula>`,
    '<IsParameterQuery xsi:nil="true" /><IsDirectQuery xsi:nil="true" /></Query></Items></Mashup>',
  ].join('');
  return (
    lines(`<html xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns="http://www.w3.org/TR/REC-html40">

<head>
<meta http-equiv=Content-Type content="text/x-ms-odc; charset=utf-8">
<meta name=ProgId content=ODC.Database>
<meta name=SourceType content=OLEDB>
<title>${escapeXml(title)}</title>
<xml id=docprops><o:DocumentProperties
  xmlns:o="urn:schemas-microsoft-com:office:office"
  xmlns="http://www.w3.org/TR/REC-html40">
  <o:Description>${escapeXml(`${title} of ${root}`)}</o:Description>
  <o:Name>${escapeXml(set.name)}</o:Name>
 </o:DocumentProperties>
</xml><xml id=msodc><odc:OfficeDataConnection
  xmlns:odc="urn:schemas-microsoft-com:office:odc"
  xmlns="http://www.w3.org/TR/REC-html40">
  <odc:PowerQueryConnection odc:Type="OLEDB">
   <odc:ConnectionString>${escapeXml(connectionString(set.name))}</odc:ConnectionString>
   <odc:CommandType>SQL</odc:CommandType>
   <odc:CommandText>${escapeXml(selectAll(set.name))}</odc:CommandText>
  </odc:PowerQueryConnection>
  <odc:PowerQueryMashupData>`) +
    escapeXml(mashup) +
    lines(`</odc:PowerQueryMashupData>
 </odc:OfficeDataConnection>
</xml>
</head>

</html>
`)
  );
}

/** What would end the section is split over two of them. */
const cdata = (text: string): string => text.replaceAll(']]>', ']]]]><![CDATA[>');
