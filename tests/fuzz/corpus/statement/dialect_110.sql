SELECT a -- comment ' with quote
, b # another
FROM t /* and `this` */