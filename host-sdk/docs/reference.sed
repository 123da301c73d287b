#!/bin/sed -Ef
# Doxygen reads the headers through this: their comments are plain ones.
1,/^#pragma once/ s,^//( |$),///\1,
1 s,^///,/// @file\n///,
1 s,^/\*,/** @file\n *,
/^\/\* ---- .* ---- \*\/$/ d
s,^( *)/\* ,\1/** ,
s,([;\,0-9]) +/\* ,\1 /**< ,
s,^( +)// ,\1/// ,
/^}/ !s,([;\,{}0-9a-zA-Z]) +// ,\1 ///< ,
# What is said before this is said of the struct.
/^typedef struct (hub_host|hub_call) / d
# It loses its way in raw strings.
s,R"\(.*\)","",g
