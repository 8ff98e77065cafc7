"""Word lists as data: the field's own words for jieba, and evasive spellings with what they stand for."""
