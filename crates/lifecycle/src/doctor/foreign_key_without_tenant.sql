-- Foreign keys into shared tables that do not pair the tenant columns: they tell of others' keys and pin others' rows.
-- The mend puts the pair in front, and names the columns that SET NULL and SET DEFAULT are about.
SELECT format('%s foreign key %I', f.conrelid::regclass, f.conname),
       format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (%I, %s) REFERENCES %s (%I, %s)%s;',
              f.conrelid::regclass, f.conname, f.conname, :'column', k.own, f.confrelid::regclass, :'column', k.other,
              regexp_replace(tail.text, ' ON DELETE SET (NULL|DEFAULT)(?! \()', format(' ON DELETE SET \1 (%s)', k.own)))
  FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid
 CROSS JOIN LATERAL (
   SELECT string_agg(quote_ident(o.attname), ', ' ORDER BY p.place) FILTER (WHERE r.attname <> :'column') AS own,
          string_agg(quote_ident(r.attname), ', ' ORDER BY p.place) FILTER (WHERE r.attname <> :'column') AS other,
          bool_or(o.attname = :'column' AND r.attname = :'column') AS paired
     FROM unnest(f.conkey, f.confkey) WITH ORDINALITY p (own, other, place)
     JOIN pg_attribute o ON o.attrelid = f.conrelid AND o.attnum = p.own
     JOIN pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = p.other) k
 CROSS JOIN LATERAL (
   SELECT regexp_replace(pg_get_constraintdef(f.oid), '^FOREIGN KEY \([^)]*\) REFERENCES [^(]+\([^)]*\)', '') AS text) tail
 WHERE f.contype = 'f' AND f.conparentid = 0 AND t.relnamespace = to_regnamespace(:'schema') AND NOT k.paired
 ORDER BY 1
