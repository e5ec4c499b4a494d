import { describe, expect, test } from 'vitest';
import { childOf, parseXml, textOf } from '../../src/formats/xdf/xml.ts';

describe('an XML document', () => {
  test('has elements with texts, without comments, declarations, and attributes', () => {
    const root = parseXml(
      `<?xml version="1.0"?><!DOCTYPE a><a x="1 > 0"><!-- <no> --><b/> <c>1 &lt; 2 &#228;&#xe4; &unknown;</c><c>
       second </c><d><![CDATA[<&amp;>]]></d></a>`,
    );
    expect(root.name).toBe('a');
    expect(root.children.map(({ name }) => name)).toEqual(['b', 'c', 'c', 'd']);
    expect(textOf(root, 'c')).toBe('1 < 2 ää &unknown;');
    expect(textOf(root, 'd')).toBe('<&amp;>');
    expect([textOf(root, 'b'), textOf(root, 'd', 'e'), childOf(root, 'e')]).toEqual(['', '', undefined]);
  });

  test.each([
    ['', 'the XML must have an element'],
    ['text', 'the XML must have an element'],
    ['<a><b></a>', 'the XML must close <b> before </a>'],
    ['<a>', 'the XML must close <a>'],
    ['</a>', 'before </a>'],
  ])('%j is rejected', (document, sentence) => {
    expect(() => parseXml(document)).toThrow(sentence);
  });
});
